package servers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Programs can be started as soon as they are written, while others start.
func TestWriteProgram(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for i := range 100 {
				path := filepath.Join(dir, fmt.Sprint(n, "-", i))
				if err := WriteProgram(path, []byte("#!/bin/sh\n")); err != nil {
					t.Error(err)
				}
				if err := exec.Command(path).Run(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}
