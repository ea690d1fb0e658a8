package bundle

import (
	"encoding/json"
	"slices"
	"testing"

	"hocker/fetcher/process"
)

func TestNew(t *testing.T) {
	asRoot := []string{"CAP_CHOWN", "CAP_SETUID"}
	for _, test := range []struct {
		process process.Process
		want    Capabilities
	}{
		{process.Process{Ports: []string{"80/tcp"}}, Capabilities{asRoot, asRoot, asRoot, []string{}, []string{}}},
		{process.Process{User: process.User{UID: 5}, Ports: []string{"8080/tcp"}}, Capabilities{[]string{}, []string{}, []string{}, []string{}, []string{}}},
		{
			process.Process{User: process.User{UID: 5}, Ports: []string{"8080/tcp", "443/tcp"}},
			Capabilities{[]string{"CAP_NET_BIND_SERVICE"}, []string{"CAP_NET_BIND_SERVICE"}, []string{"CAP_NET_BIND_SERVICE"}, []string{"CAP_NET_BIND_SERVICE"}, []string{"CAP_NET_BIND_SERVICE"}},
		},
	} {
		got, err := json.Marshal(New(test.process, asRoot).Process.Capabilities)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(test.want)
		if err != nil || string(got) != string(want) {
			t.Errorf("%+v: %s, expected %s: %v", test.process, got, want, err)
		}
	}
}

// All that is mounted has a place in a root file system that cannot be written: fetcher/rootfs
// makes it, and what is below /dev is made by the runtime.
func TestMounts(t *testing.T) {
	made := []string{"/dev", "/etc/hosts", "/etc/resolv.conf", "/proc", "/run", "/sys", "/tmp", "/var/tmp"}
	var mounted []string
	for _, m := range mounts() {
		if m.Destination == "/dev" || len(m.Destination) < 5 || m.Destination[:5] != "/dev/" {
			mounted = append(mounted, m.Destination)
		}
	}
	slices.Sort(mounted)
	if !slices.Equal(mounted, made) {
		t.Errorf("%q, expected %q", mounted, made)
	}
}
