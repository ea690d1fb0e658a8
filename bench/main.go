// Command bench measures hocker and its peers in turn, on a registry of its own.
// See `make bench`.
//
//	bench -hocker FOLDER -peers FOLDER -repo FOLDER [-runs 5] [-only loopback,link,nix,image,load,store,fifty,scale,start,growth]
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// bench is the environment of the benchmarks.
type bench struct {
	ctx      context.Context
	dir      string // for their output
	hocker   string // a folder with bin/hocker
	peers    string // a folder with crane and regctl
	repo     string // the project
	runs     int
	registry registry
	link     string // address of the registry behind a slow, throttled link
}

func main() {
	log.SetFlags(0)
	b := &bench{}
	flag.StringVar(&b.hocker, "hocker", "", "folder with bin/hocker")
	flag.StringVar(&b.peers, "peers", "", "folder with the peers that are built here")
	flag.StringVar(&b.repo, "repo", "", "the project's folder")
	flag.IntVar(&b.runs, "runs", 5, "runs of each")
	only := flag.String("only", "loopback,link,nix,image,load,store,fifty,scale,start,growth", "what to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b.ctx = ctx
	if err := b.measure(strings.Split(*only, ",")); err != nil {
		log.Fatal(err)
	}
}

func (b *bench) measure(only []string) (err error) {
	if b.dir, err = os.MkdirTemp("", "hocker-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	// Nix builds as other users, who must be able to read this folder.
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return err
	}
	var stopRegistry func()
	if b.registry, stopRegistry, err = startRegistry(b.dir); err != nil {
		return err
	}
	defer stopRegistry()
	stopLink, err := b.startLink()
	if err != nil {
		return err
	}
	defer stopLink()
	scenarios := map[string]func() error{
		"loopback": b.loopback, "link": b.throttled, "nix": b.nix, "image": b.images, "load": b.load, "store": b.store, "fifty": b.fifty, "scale": b.scale, "start": b.start, "growth": b.growth,
	}
	for _, name := range only {
		scenario, ok := scenarios[name]
		if !ok {
			return fmt.Errorf("no benchmark %q", name)
		}
		if err := scenario(); err != nil {
			return errors.Join(fmt.Errorf("%s failed", name), err)
		}
	}
	return nil
}

// startLink starts the throttled link to the registry.
func (b *bench) startLink() (stop func(), err error) {
	cmd := exec.Command(filepath.Join(b.peers, "link"), "-to", b.registry.addr)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return nil, err
	}
	b.link = strings.TrimSpace(line)
	return stop, nil
}

// out returns a path in the benchmarks' folder.
func (b *bench) out(name string) string { return filepath.Join(b.dir, name) }

// command returns a contender that runs one program, which writes to the file or
// folder called name.
func (b *bench) command(name, output string, args ...string) contender {
	return contender{
		name:    name,
		command: func() *exec.Cmd { return exec.Command(args[0], args[1:]...) },
		after:   without(b.out(output)),
	}
}

func (b *bench) tool(name string) string { return filepath.Join(b.hocker, "bin", name) }
func (b *bench) peer(name string) string { return filepath.Join(b.peers, name) }

// compare races the contenders and prints the table.
func (b *bench) compare(title string, contenders ...contender) error {
	costs, err := b.race(contenders)
	if err != nil {
		return err
	}
	table(title, contenders, costs)
	return nil
}
