package servers

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// erofsUtils is a derivation of mkfs.erofs, for fetchdocker.nix. The sandbox has no
// /usr/lib, so mkfs.erofs runs with its own loader and libraries.
const erofsUtils = `derivation {
  name = "erofs-utils";
  system = builtins.currentSystem;
  builder = "${./programs}/busybox";
  args = [
    "sh"
    "-euc"
    ''
      ${./programs}/busybox mkdir -p "$out/bin"
      cat() { ${./programs}/busybox cat "$@"; }
      cat >"$out/bin/mkfs.erofs" <<END
      #!${./programs}/busybox sh
      exec ${./programs}/%s --library-path ${./programs} ${./programs}/mkfs.erofs "\$@"
      END
      ${./programs}/busybox chmod 0755 "$out/bin/mkfs.erofs"
    ''
  ];
}
`

// WriteErofsUtils writes a Nix expression for the erofs-utils of a Debian suite to a new
// folder.
func WriteErofsUtils(suite, dir string) error {
	mkfs, err := FindErofsUtils(suite)
	if err != nil {
		return err
	}
	libraries, err := mkfs.libraries()
	if err != nil {
		return err
	}
	busybox, err := Busybox()
	if err != nil {
		return err
	}
	programs := filepath.Join(dir, "programs")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return err
	}
	for _, file := range append(libraries, mkfs.path, mkfs.loader, busybox) {
		if err := copyProgram(file, filepath.Join(programs, filepath.Base(file))); err != nil {
			return err
		}
	}
	text := fmt.Sprintf(erofsUtils, filepath.Base(mkfs.loader))
	return os.WriteFile(filepath.Join(dir, "default.nix"), []byte(text), 0o644)
}

// MkfsErofs is mkfs.erofs as Debian builds it.
type MkfsErofs struct {
	Programs
	path, loader, folder string // of the program, its loader and its libraries
}

// FindErofsUtils finds the erofs-utils of a Debian suite.
func FindErofsUtils(suite string) (m MkfsErofs, err error) {
	if m.Programs, err = FindPrograms(suite, "erofs-utils"); err != nil {
		return m, err
	}
	root := "/"
	if m.dir != "" {
		root = filepath.Dir(filepath.Dir(m.dir))
	}
	for _, folder := range []string{"usr/bin", "usr/sbin"} {
		if path := filepath.Join(root, folder, "mkfs.erofs"); m.path == "" && check(path) == nil {
			m.path = path
		}
	}
	if m.path == "" {
		return m, Missing("mkfs.erofs")
	}
	loader, err := loaderOf(m.path)
	if err != nil {
		return m, err
	}
	if m.loader, err = filepath.EvalSymlinks(filepath.Join(root, loader)); err != nil {
		return m, err
	}
	m.folder = filepath.Dir(m.loader)
	return m, nil
}

// loaderOf returns the path of the loader that a program names.
func loaderOf(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			name, err := io.ReadAll(program.Open())
			return strings.TrimRight(string(name), "\x00"), err
		}
	}
	return "", fmt.Errorf("%s is statically linked", path)
}

// foundLibrary is in the loader's list of libraries.
var foundLibrary = regexp.MustCompile(`(?m)=> (\S+) \(0x`)

// libraries returns the libraries that the program needs. glibc needs the last one to
// end threads, and loads it at run time, so the loader does not list it.
func (m MkfsErofs) libraries() ([]string, error) {
	list := exec.Command(m.loader, "--inhibit-cache", "--library-path", m.folder, "--list", m.path)
	output, err := list.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", list, err, output)
	}
	var files []string
	for _, found := range foundLibrary.FindAllSubmatch(output, -1) {
		files = append(files, string(found[1]))
	}
	return append(files, filepath.Join(m.folder, "libgcc_s.so.1")), nil
}

func copyProgram(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return WriteProgram(to, data)
}
