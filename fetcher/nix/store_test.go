package nix

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A store that is busy once is asked again. One that stays busy, or fails otherwise, is an
// error.
func TestStoreBusy(t *testing.T) {
	const busy = `echo "error: SQLite database '/nix/var/nix/db/db.sqlite' is busy" >&2; exit 1`
	for name, tt := range map[string]struct {
		script, output string
		runs           int
	}{
		"once":   {`test -e once || { >once; ` + busy + `; }; echo /nix/store/x`, "", 2},
		"always": {busy, "error: SQLite database '/nix/var/nix/db/db.sqlite' is busy", storeAttempts},
		"other":  {`echo error: no >&2; exit 1`, "error: no", 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := "#!/bin/sh\ncd " + dir + "; echo >>runs\n" + tt.script + "\n"
			if err := os.WriteFile(filepath.Join(dir, "nix-store"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			path, err := Store{}.Add(t.Context(), "file")
			var failed *StoreError
			if tt.output == "" && (err != nil || path != "/nix/store/x") || tt.output != "" && (!errors.As(err, &failed) || failed.Output != tt.output) {
				t.Errorf("got %q, %v", path, err)
			}
			runs, err := os.ReadFile(filepath.Join(dir, "runs"))
			if err != nil || strings.Count(string(runs), "\n") != tt.runs {
				t.Errorf("run %d times, %v, want %d", len(runs), err, tt.runs)
			}
		})
	}
}
