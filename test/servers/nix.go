package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	// machinePool is the folder where this machine's Nix locks its build users.
	machinePool = "/nix/var/nix/userpool"
	// machineBuilds is the folder where it builds.
	machineBuilds = "/nix/var/nix/builds"
)

// NixStore is a private Nix store, for sandboxed builds that see only what a test
// has added.
type NixStore struct {
	nix Nix
	dir string
}

// NewNixStore makes a store for the Nix that is in PATH.
func NewNixStore(dir string) (*NixStore, error) {
	nix, err := FindNix(System)
	if err != nil {
		return nil, err
	}
	return nix.NewStore(dir)
}

// NewStore makes an empty store under dir, which Nix's build users must be able to
// access.
//
// The store has its own prefix, so its paths are not those of /nix/store, and
// programs in it run without a chroot.
func (n Nix) NewStore(dir string) (*NixStore, error) {
	s := &NixStore{nix: n, dir: dir}
	if err := os.MkdirAll(s.state(), 0o755); err != nil {
		return nil, err
	}
	// Two builds under one build user kill each other's processes. All stores
	// share the machine's locks, so that no two of them take the same user.
	if err := os.MkdirAll(machinePool, 0o755); err != nil {
		return nil, err
	}
	// Nix creates the folder of GC roots, and reads the version of a new store, without a
	// lock, so that the second of two simultaneous first commands would fail.
	if err := os.MkdirAll(filepath.Join(s.state(), "gcroots"), 0o755); err != nil {
		return nil, err
	}
	for link, target := range map[string]string{"userpool": machinePool, "gcroots/profiles": filepath.Join(s.state(), "profiles")} {
		err := os.Symlink(target, filepath.Join(s.state(), link))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return s, s.makeDatabase()
}

// makeDatabase makes the store's database.
func (s *NixStore) makeDatabase() error {
	program, err := s.nix.programs.LookPath("nix-store")
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "--init")
	cmd.Env = cleanEnviron()
	for name, value := range s.Environ() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nix-store --init: %w\n%s", err, output)
	}
	return nil
}

// Dir is the directory that holds the store paths.
func (s *NixStore) Dir() string { return filepath.Join(s.dir, "store") }

// Environ returns the variables that make the Nix commands use this store.
func (s *NixStore) Environ() map[string]string {
	config := "sandbox = true\n" +
		"sandbox-fallback = false\n" +
		"substituters =\n" + // else every build waits for a cache on the internet
		"build-users-group = nixbld\n" +
		"experimental-features = nix-command flakes"
	if s.nix.AtLeast("2.30") {
		// The default is in the store's state directory, but this Nix refuses to
		// build below a world-writable folder such as /tmp.
		config += "\nbuild-dir = " + machineBuilds
	}
	return map[string]string{
		"NIX_STORE_DIR":      s.Dir(),
		"NIX_LOCALSTATE_DIR": filepath.Join(s.dir, "var"),
		"NIX_STATE_DIR":      s.state(),
		"NIX_LOG_DIR":        filepath.Join(s.dir, "log"),
		"NIX_CONF_DIR":       filepath.Join(s.dir, "etc"),
		"NIX_CONFIG":         config,
	}
}

func (s *NixStore) state() string { return filepath.Join(s.dir, "var", "nix") }
