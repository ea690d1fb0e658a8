package bundle

import (
	"strings"

	"hocker/fetcher/process"
)

// RootFolder is the folder in a bundle where the root file system is mounted.
const RootFolder = "rootfs"

// Config is the part of a bundle's config.json that hocker writes.
// https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config.md
type Config struct {
	Version     string            `json:"ociVersion"`
	Process     Process           `json:"process"`
	Root        Root              `json:"root"`
	Mounts      []Mount           `json:"mounts"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Linux       Linux             `json:"linux"`
}

// Process is what a runtime starts.
type Process struct {
	User            User         `json:"user"`
	Args            []string     `json:"args"`
	Env             []string     `json:"env"`
	Cwd             string       `json:"cwd"`
	Capabilities    Capabilities `json:"capabilities"`
	NoNewPrivileges bool         `json:"noNewPrivileges"`
}

// User is who a process runs as.
type User struct {
	UID    uint32   `json:"uid"`
	GID    uint32   `json:"gid"`
	Groups []uint32 `json:"additionalGids,omitempty"`
}

// Capabilities are the sets of capabilities of a process.
type Capabilities struct {
	Bounding    []string `json:"bounding"`
	Effective   []string `json:"effective"`
	Permitted   []string `json:"permitted"`
	Inheritable []string `json:"inheritable"`
	Ambient     []string `json:"ambient"`
}

// Root is the root file system.
type Root struct {
	Path     string `json:"path"`
	Readonly bool   `json:"readonly"`
}

// Mount is what a runtime mounts in a container.
type Mount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options"`
}

// Linux has what only Linux knows.
type Linux struct {
	Namespaces    []Namespace `json:"namespaces"`
	MaskedPaths   []string    `json:"maskedPaths"`
	ReadonlyPaths []string    `json:"readonlyPaths"`
}

// Namespace is a kind of namespace that a container has of its own.
type Namespace struct {
	Type string `json:"type"`
}

// New returns the configuration of a bundle that runs a process on the network of the
// machine, with files that it cannot write. If it runs as root, it has the capabilities
// asRoot.
func New(p process.Process, asRoot []string) Config {
	return Config{
		Version: "1.0.2", // of the specification; older runtimes refuse newer ones
		Process: Process{
			User:            User{p.User.UID, p.User.GID, p.User.Groups},
			Args:            p.Args,
			Env:             p.Env,
			Cwd:             p.Cwd,
			Capabilities:    capabilities(p, asRoot),
			NoNewPrivileges: true,
		},
		Root:        Root{Path: RootFolder, Readonly: true},
		Mounts:      mounts(),
		Annotations: annotations(p),
		Linux: Linux{
			Namespaces: []Namespace{{"pid"}, {"ipc"}, {"uts"}, {"mount"}},
			MaskedPaths: []string{
				"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
				"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
			},
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
}

// capabilities returns those of a process: of a user other than root at most that to bind
// the image's ports.
func capabilities(p process.Process, asRoot []string) Capabilities {
	if p.User.UID == 0 {
		return Capabilities{Bounding: asRoot, Effective: asRoot, Permitted: asRoot, Inheritable: []string{}, Ambient: []string{}}
	}
	all := []string{}
	if p.BindsPrivileged() {
		all = append(all, "CAP_NET_BIND_SERVICE")
	}
	return Capabilities{all, all, all, all, all}
}

// mounts returns what is mounted. The rest of the container's files is read-only.
func mounts() []Mount {
	tmpfs := func(path string, options ...string) Mount {
		return Mount{path, "tmpfs", "tmpfs", append([]string{"nosuid", "nodev"}, options...)}
	}
	bind := func(path string) Mount {
		return Mount{path, "bind", path, []string{"bind", "ro", "nosuid", "nodev", "noexec"}}
	}
	return []Mount{
		{"/proc", "proc", "proc", []string{"nosuid", "noexec", "nodev"}},
		{"/dev", "tmpfs", "tmpfs", []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"/dev/pts", "devpts", "devpts", []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		tmpfs("/dev/shm", "noexec", "mode=1777", "size=65536k"),
		{"/dev/mqueue", "mqueue", "mqueue", []string{"nosuid", "noexec", "nodev"}},
		{"/sys", "sysfs", "sysfs", []string{"nosuid", "noexec", "nodev", "ro"}},
		tmpfs("/run", "mode=755"),
		tmpfs("/tmp", "mode=1777"),
		tmpfs("/var/tmp", "mode=1777"),
		bind("/etc/resolv.conf"),
		bind("/etc/hosts"),
	}
}

// annotations returns what the image says and a runtime has no setting for.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/conversion.md
func annotations(p process.Process) map[string]string {
	all := map[string]string{}
	if p.StopSignal != "" {
		all["org.opencontainers.image.stopSignal"] = p.StopSignal
	}
	if len(p.Ports) > 0 {
		all["org.opencontainers.image.exposedPorts"] = strings.Join(p.Ports, ",")
	}
	return all
}
