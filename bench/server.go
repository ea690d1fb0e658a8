package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// startRegistry starts a docker-registry. The tests' registry is behind a recording
// proxy, whose cost would be measured too.
func startRegistry(dir string) (r registry, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, nil, err
	}
	r.addr = listener.Addr().String()
	listener.Close()
	config := filepath.Join(dir, "registry.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n",
		filepath.Join(dir, "registry"), r.addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return r, nil, err
	}
	cmd := exec.Command("docker-registry", "serve", config)
	if err := cmd.Start(); err != nil {
		return r, nil, err
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait() }
	for range 100 {
		if resp, err := http.Get("http://" + r.addr + "/v2/"); err == nil {
			resp.Body.Close()
			return r, stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return r, nil, fmt.Errorf("docker-registry does not answer at %s", r.addr)
}
