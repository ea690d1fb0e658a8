package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Containerd is a running containerd, isolated from the machine's own.
type Containerd struct {
	programs Programs
	dir      string
	process  *process
}

// ContainerdOptions configures a containerd.
type ContainerdOptions struct {
	// Programs has containerd and ctr. The zero value means those in PATH.
	Programs Programs
}

// containerdConfig disables the parts for Kubernetes.
const containerdConfig = `version = 2
root = %q
state = %q
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = %q
`

// StartContainerd starts a containerd with no images.
func StartContainerd(o ContainerdOptions) (*Containerd, error) {
	dir, err := temporaryDir("containerd")
	if err != nil {
		return nil, err
	}
	c := &Containerd{programs: o.Programs, dir: dir}
	config := filepath.Join(dir, "config.toml")
	text := fmt.Sprintf(containerdConfig, filepath.Join(dir, "root"), filepath.Join(dir, "state"), c.Address())
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	if err := c.Start(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Start starts the daemon again, with its images.
func (c *Containerd) Start() error {
	containerd, err := c.programs.LookPath("containerd")
	if err != nil {
		return err
	}
	c.process, err = startProcess(c.logPath(), c.ping, containerd, "--config", filepath.Join(c.dir, "config.toml"))
	return err
}

// Kill kills the daemon.
func (c *Containerd) Kill() {
	c.process.kill()
	c.process = nil
}

// ping asks the daemon whether it is ready.
func (c *Containerd) ping() error {
	path, err := c.programs.LookPath("ctr")
	if err != nil {
		return err
	}
	return exec.Command(path, "--address", c.Address(), "version").Run()
}

// Address is the value for ctr's --address.
func (c *Containerd) Address() string { return filepath.Join(c.dir, "sock") }

// Log is the end of the daemon's log.
func (c *Containerd) Log() string { return tail(c.logPath()) }

// Stop ends the daemon and removes its images.
func (c *Containerd) Stop() error {
	if c.process != nil {
		c.process.stop()
		c.process = nil
	}
	return errors.Join(UnmountBelow(c.dir), os.RemoveAll(c.dir))
}

func (c *Containerd) logPath() string { return filepath.Join(c.dir, "log") }
