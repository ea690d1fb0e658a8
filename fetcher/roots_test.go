package fetcher

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// A machine without CA roots uses the bundled ones, and only then. A process reads
// the system's roots once, so this test starts two more.
func TestRoots(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system's roots are files only on Linux")
	}
	if expect := os.Getenv("EXPECT_ROOTS"); expect != "" {
		pool := TransportOptions{}.roots()
		if (pool == nil) != (expect == "system") {
			t.Errorf("got %v, want the %s's roots", pool, expect)
		}
		return
	}
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	for expect, roots := range map[string]string{"system": file, "build": "/nowhere"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRoots$")
		cmd.Env = append(os.Environ(), "EXPECT_ROOTS="+expect, "SSL_CERT_FILE="+roots, "SSL_CERT_DIR=/nowhere")
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("with the %s's roots: %v\n%s", expect, err, output)
		}
	}
}
