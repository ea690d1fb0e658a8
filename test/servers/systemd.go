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

// Systemd is a system manager in namespaces of its own. It runs units of a test and
// none of the machine's.
type Systemd struct {
	dir     string
	cgroup  string // the folder of its cgroup
	process *process
}

// enterCgroup moves to the cgroup in its first argument and runs the others there.
const enterCgroup = `set -eu
mkdir "$1"
echo $$ >"$1/cgroup.procs"
shift
exec "$@"
`

// bootSystemd becomes the system manager. Its arguments are a folder of its own, the
// folder with what the units run, the folder with the units, and SOURCE=TARGET pairs of
// files to be seen at another place.
//
// A system that boots changes what it finds: it empties /tmp, for example. Here it finds
// the machine's file system read-only, with empty folders where it may write, no cgroups
// but its own, and no units but those of the test.
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
# Nothing of the machine's can be changed from here on.
findmnt --noheadings --list --output TARGET | while read -r target; do
	case $target in /run | /run/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
	# Another test may have unmounted and removed it meanwhile.
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

// StartSystemd starts systemd with the units in a folder. What they run is below work.
// The files that are the values of binds are at the paths that are the keys, too.
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

// writeInside writes the program inside, which runs a command where systemd runs.
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
	return os.WriteFile(filepath.Join(s.Bin(), "inside"), []byte(script), 0o755)
}

// Bin has the program inside: `inside systemctl start NAME`.
func (s *Systemd) Bin() string { return filepath.Join(s.dir, "bin") }

// Output is the file with what the units' programs write.
func (s *Systemd) Output() string { return filepath.Join(s.dir, "output") }

// Log is the end of systemd's log, and of its units' output.
func (s *Systemd) Log() string { return tail(s.logPath()) + "\n" + tail(s.Output()) }

// Stop ends systemd with all that it runs.
func (s *Systemd) Stop() error {
	if s.process != nil {
		_ = s.process.cmd.Process.Kill() // unshare waits out any other signal; systemd dies with it
		s.process.stop()
		s.process = nil
	}
	return errors.Join(removeCgroup(s.cgroup), UnmountBelow(s.dir), os.RemoveAll(s.dir))
}

// cgroup2 is where the hierarchy of cgroups is that systemd uses.
func cgroup2() (string, error) {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.controllers")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("there are no cgroups of version 2 in /sys/fs/cgroup")
}

// removeCgroup removes a cgroup and those in it. What was attached to them would
// otherwise apply to the next units of the same names.
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
	// A process that was killed may not have left it yet.
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
