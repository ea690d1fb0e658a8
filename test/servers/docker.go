package servers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// Docker is a running dockerd, separate from the machine's own.
type Docker struct {
	dir     string
	tcp     *Address // or nil
	program string   // dockerd
	args    []string
	process *process
}

// DockerOptions configures a Docker daemon.
type DockerOptions struct {
	// Programs has dockerd. The zero value means the one in PATH.
	Programs Programs
	// Store is where the daemon keeps images. The zero value is DockerVFS.
	Store DockerStore
	// Authority makes it listen with TLS on the loopback interface too, for clients
	// with a certificate of this authority.
	Authority *Authority
}

// DockerStore is where a daemon keeps images.
type DockerStore string

const (
	// DockerVFS is the only graph driver that works on every file system.
	DockerVFS DockerStore = "vfs"
	// DockerOverlay is the usual graph driver.
	DockerOverlay DockerStore = "overlay2"
	// DockerContainerd is containerd's image store, since version 26.
	DockerContainerd DockerStore = "containerd"
)

// config returns the text of daemon.json, which is used instead of the machine's.
func (s DockerStore) config() string {
	if s == DockerContainerd {
		return `{"features":{"containerd-snapshotter":true}}`
	}
	return fmt.Sprintf(`{"storage-driver":%q}`, cmp.Or(s, DockerVFS))
}

// StartDocker starts a dockerd with no images, without networks for containers.
func StartDocker(o DockerOptions) (*Docker, error) {
	dir, err := temporaryDir("docker")
	if err != nil {
		return nil, err
	}
	d := &Docker{dir: dir}
	more, err := d.listenTLS(o.Authority)
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	namespace := filepath.Base(dir)
	config := filepath.Join(dir, "daemon.json")
	if err := os.WriteFile(config, []byte(o.Store.config()), 0o644); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	if d.program, err = o.Programs.LookPath("dockerd"); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	d.args = append(more,
		"--config-file", config,
		"--data-root", filepath.Join(dir, "root"),
		"--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"),
		"--host", d.Host(),
		"--iptables=false",
		"--bridge=none",
		// dockerd may use the machine's containerd: use a namespace of our
		// own there.
		"--containerd-namespace", namespace,
		"--containerd-plugins-namespace", namespace+"-plugins",
	)
	if err := d.start(); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

func (d *Docker) start() (err error) {
	d.process, err = startProcess(d.logPath(), d.ping, d.program, d.args...)
	return err
}

// Crash kills the daemon.
func (d *Docker) Crash() { d.process.kill() }

// Restart starts the daemon again after a crash, with its images. Its files in /run are
// lost, as after a power failure: otherwise it would wait for its containerd, which may
// remain as a zombie process.
func (d *Docker) Restart() error {
	exec := filepath.Join(d.dir, "exec")
	return errors.Join(UnmountBelow(exec), os.RemoveAll(exec), d.start())
}

// listenTLS returns the flags for TLS, and writes the certificates into a folder
// for DOCKER_CERT_PATH.
func (d *Docker) listenTLS(authority *Authority) (flags []string, err error) {
	if authority == nil {
		return nil, nil
	}
	if d.tcp, err = KeepAddress(); err != nil {
		return nil, err
	}
	certs := d.Certificates()
	if err := os.Mkdir(certs, 0o755); err != nil {
		return nil, err
	}
	err = errors.Join(
		authority.issue(certs, nil),
		os.Rename(filepath.Join(certs, "server.pem"), filepath.Join(certs, "cert.pem")),
		os.Rename(filepath.Join(certs, "server.key"), filepath.Join(certs, "key.pem")),
		os.WriteFile(filepath.Join(certs, "ca.pem"), authority.Certificate(), 0o644))
	return []string{
		"--host", "tcp://" + d.tcp.Host,
		"--tlsverify",
		"--tlscacert", filepath.Join(certs, "ca.pem"),
		"--tlscert", filepath.Join(certs, "cert.pem"),
		"--tlskey", filepath.Join(certs, "key.pem"),
	}, err
}

// ping asks the daemon whether it is ready.
func (d *Docker) ping() error {
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", d.socket())
		},
		DisableKeepAlives: true,
	}}
	answer, err := client.Get("http://docker/_ping")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ping: %s", answer.Status)
	}
	return nil
}

// Host is the value for DOCKER_HOST.
func (d *Docker) Host() string { return "unix://" + d.socket() }

// TCP is where a daemon with TLS listens, HOST:PORT, or empty.
func (d *Docker) TCP() string {
	if d.tcp == nil {
		return ""
	}
	return d.tcp.Host
}

// Certificates is the folder for DOCKER_CERT_PATH of a daemon with TLS.
func (d *Docker) Certificates() string { return filepath.Join(d.dir, "certs") }

// Temporary is where the daemon unpacks archives.
func (d *Docker) Temporary() string { return filepath.Join(d.dir, "root", "tmp") }

// Log is the end of the daemon's log.
func (d *Docker) Log() string { return tail(d.logPath()) }

// Stop ends the daemon and removes its images.
func (d *Docker) Stop() error {
	if d.process != nil {
		d.process.stop()
		d.process = nil
	}
	d.tcp.Close()
	return errors.Join(UnmountBelow(d.dir), os.RemoveAll(d.dir))
}

func (d *Docker) socket() string  { return filepath.Join(d.dir, "sock") }
func (d *Docker) logPath() string { return filepath.Join(d.dir, "log") }
