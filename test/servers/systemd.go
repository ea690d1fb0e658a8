package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Systemd is a systemd in its own namespaces. It runs the units of a test, and none of
// the machine's.
type Systemd struct {
	dir     string
	cgroup  string // the folder of its cgroup
	process *process
}

// enterCgroup creates the cgroup $1, enters it, and executes the other arguments.
const enterCgroup = `set -eu
mkdir "$1"
echo $$ >"$1/cgroup.procs"
shift
exec "$@"
`

// bootSystemd sets up the file system and executes systemd. Its arguments are a folder
// for systemd's files, the folder with the programs of the units, the folder with the
// units, and pairs SOURCE=TARGET, which make the file SOURCE visible at TARGET.
//
// A booting system changes the machine: it empties /tmp, for example. Therefore the
// machine's file system is read-only here, except for new empty folders. systemd sees
// only its own cgroups and the units of the test.
const bootSystemd = `set -eu
dir=$1 work=$2 units=$3
shift 3
mount --make-rprivate /
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lock /run/keep/dir /run/keep/work
mount --bind "$dir" /run/keep/dir
mount --bind "$work" /run/keep/work
for pair; do
	mkdir -p "$(dirname "${pair#*=}")"
	touch "${pair#*=}"
	mount --bind "${pair%%=*}" "${pair#*=}"
done
# Make the machine's file system read-only.
findmnt --noheadings --list --output TARGET | while read -r target; do
	case $target in /run | /run/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
	# Another test may have unmounted and removed it in the meantime.
	*) mount -o remount,bind,ro "$target" || ! test -e "$target" ;;
	esac
done
if test -w / || test -w /usr; then
	echo "the machine's file system is writable" >&2
	exit 1
fi
for changing in /tmp /var/tmp /var/lib; do
	mount -t tmpfs -o mode=1777 tmpfs "$changing"
done
mkdir -p "$dir" "$work"
mount --move /run/keep/dir "$dir"
mount --move /run/keep/work "$work"
mount -o remount,bind,ro "$work"
mkdir "$dir/etc"
cp -a /etc/. "$dir/etc"
rm -rf "$dir/etc/systemd/system"
mkdir -p "$dir/etc/systemd/system/service.d"
cp -rL "$units/." "$dir/etc/systemd/system"
mount --bind "$dir/etc" /etc
cd /etc/systemd/system
for target in sysinit basic shutdown multi-user; do
	printf '[Unit]\nDefaultDependencies=no\n' >$target.target
done
printf '[Service]\nType=oneshot\nExecStart=touch %s\n' "$dir/ready" >ready.service
printf '[Service]\nStandardOutput=append:%s\nStandardError=inherit\n' "$dir/output" >service.d/output.conf
cd /
exec env -i container=test PATH="$PATH" \
	SYSTEMD_UNIT_PATH=/etc/systemd/system SYSTEMD_GENERATOR_PATH=/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/none \
	/lib/systemd/systemd --system --unit=ready.service --log-target=console --show-status=no
`

// StartSystemd starts systemd with the units in a folder. Their programs are below work.
// Each key of binds is a path where the file that is its value appears, too.
func StartSystemd(work, units string, binds map[string]string) (*Systemd, error) {
	dir, err := temporaryDir("systemd")
	if err != nil {
		return nil, err
	}
	s := &Systemd{dir: dir}
	if s.cgroup, err = cgroup2(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	s.cgroup = filepath.Join(s.cgroup, filepath.Base(dir))
	args := []string{"-c", enterCgroup, "enter", s.cgroup, "unshare", "--pid", "--mount", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", bootSystemd, "boot", dir, work, units}
	for target, source := range binds {
		args = append(args, source+"="+target)
	}
	ready := func() error { _, err := os.Stat(filepath.Join(dir, "ready")); return err }
	if s.process, err = startProcess(s.logPath(), ready, "sh", args...); err == nil {
		err = s.writeInside()
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// writeInside writes the program inside, which runs a command in systemd's namespaces.
func (s *Systemd) writeInside() error {
	parent := s.process.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent))
	if err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec nsenter --target %s --pid --mount --ipc --uts --cgroup -- env -i PATH=\"$PATH\" \"$@\"\n", strings.TrimSpace(string(children)))
	if err := os.Mkdir(s.Bin(), 0o755); err != nil {
		return err
	}
	return WriteProgram(filepath.Join(s.Bin(), "inside"), []byte(script))
}

// Bin is the folder with the program inside, as in `inside systemctl start NAME`.
func (s *Systemd) Bin() string { return filepath.Join(s.dir, "bin") }

// Output is the file with the output of the units' programs.
func (s *Systemd) Output() string { return filepath.Join(s.dir, "output") }

// Log is the end of systemd's log and of the units' output.
func (s *Systemd) Log() string { return tail(s.logPath()) + "\n" + tail(s.Output()) }

// Stop ends systemd and all of its processes.
func (s *Systemd) Stop() error {
	if s.process != nil {
		_ = s.process.cmd.Process.Kill() // unshare ignores other signals; --kill-child then kills systemd
		s.process.stop()
		s.process = nil
	}
	return errors.Join(removeCgroup(s.cgroup), UnmountBelow(s.dir), os.RemoveAll(s.dir))
}

// cgroup2 returns the mount point of the cgroup hierarchy that systemd uses.
func cgroup2() (string, error) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.controllers")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no cgroup2 file system in /sys/fs/cgroup")
}

// removeCgroup removes a cgroup and its descendants. Otherwise programs attached to them
// would apply to the next units with the same names.
func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeCgroup(filepath.Join(dir, entry.Name())))
		}
	}
	// A killed process may still be in it.
	for deadline := time.Now().Add(stopTimeout); err == nil; time.Sleep(pollInterval) {
		if err = os.Remove(dir); errors.Is(err, syscall.EBUSY) && time.Now().Before(deadline) {
			err = nil
			continue
		}
		return err
	}
	return err
}

func (s *Systemd) logPath() string { return filepath.Join(s.dir, "log") }
