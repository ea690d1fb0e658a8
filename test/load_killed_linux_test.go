package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"hocker/fetcher/archive"
)

// killed starts hocker load and kills it when it has sent all layers but the last, which
// is a pipe without a writer: however slow this machine is, hocker waits for it.
func (c *loadCase) killed(f *fetchedImage) error {
	held, err := c.hold(f)
	if err != nil {
		return err
	}
	output, err := newSaid()
	if err != nil {
		return err
	}
	defer output.Close()
	// env finds the program in the workplace's PATH and executes it.
	cmd := exec.Command("env", append([]string{"hocker"}, c.hocker(held)...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.home.dir, c.home.environ, output.File, output.File
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(patience); !opensPipe(cmd.Process.Pid); {
		select {
		case err := <-ended:
			return fmt.Errorf("hocker load ended before it could be killed: %w\n%s", err, output)
		case <-time.After(askAgain):
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			return fmt.Errorf("hocker load does not open the last layer\n%s", output)
		}
	}
	_ = cmd.Process.Kill() // fails only if the process has ended
	err = <-ended
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == -1 {
		return nil
	}
	return fmt.Errorf("hocker load ended before it was killed: %w\n%s", err, output)
}

// hold writes a copy of the image's file in which the last layer is a pipe.
func (c *loadCase) hold(f *fetchedImage) (string, error) {
	data, err := os.ReadFile(f.file)
	if err != nil {
		return "", err
	}
	var image archive.Composition
	if err := json.Unmarshal(data, &image); err != nil {
		return "", err
	}
	pipe := filepath.Join(c.home.dir, "pipe")
	image.Layers[len(image.Layers)-1].Path = pipe
	if data, err = json.Marshal(image); err != nil {
		return "", err
	}
	held := filepath.Join(c.home.dir, "held.json")
	return held, errors.Join(syscall.Mkfifo(pipe, 0o666), os.WriteFile(held, data, 0o644))
}
