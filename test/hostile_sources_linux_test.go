package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// sourceMemory is the most memory that a command may have resident for a file that names
// images, in MiB: the file, which may have 16, and the values of one of its documents.
const sourceMemory = 160

// sourceRows are attacks by files that name images. $FILES has those of writeSources.
var sourceRows = []attackRow{
	{"endless", nil, `hocker lock add --file out.json --from /dev/zero`, 2, ""},
	{"endless, a link", nil, `hocker lock add --file out.json --from $FILES/zero.yaml`, 2, ""},
	{"100 MB", nil, `hocker lock add --file out.json --from $FILES/large.yaml`, 2, ""},
	{"100 MB of standard input", nil, `hocker lock add --file out.json --from - <$FILES/large.yaml`, 2, ""},
	{"a million services", nil, `hocker lock add --file out.json --from $FILES/services.yaml`, 2, ""},
	{"a million documents", nil, `hocker lock add --file out.json --from $FILES/documents.yaml`, 2, ""},
	{"many documents, and a million empty ones", nil, `hocker lock add --file out.json --from $FILES/unknown.yaml`, 2, ""},
	{"many values", nil, `hocker lock add --file out.json --from $FILES/values.yaml`, 2, ""},
	{"lists in lists", nil, `hocker lock add --file out.json --from $FILES/lists.yaml`, 2, ""},
	{"depth", nil, `hocker lock add --file out.json --from $FILES/deep.yaml`, 2, ""},
	{"aliases", nil, `hocker lock add --file out.json --from $FILES/aliases.yaml`, 2, ""},
	{"many stages", nil, `hocker lock add --file out.json --from $FILES/Dockerfile`, 2, ""},
	{"arguments with a long value", nil, `hocker lock add --file out.json --from $FILES/long.Dockerfile`, 2, ""},
	{"variables with a long value", nil, `hocker lock add --file out.json --from $FILES/long/compose.yaml`, 2, ""},
	{"a long line", nil, `hocker lock add --file out.json --from $FILES/line.container`, 2, ""},
	{"a drop-in without end", nil, `hocker lock add --file out.json --from $FILES/zero.container`, 2, ""},
	{"a drop-in that is a pipe", nil, `hocker lock add --max-time 1s --file out.json --from $FILES/pipe.container`, 6, ""},
	{"drop-ins in a pipe", nil, `hocker lock add --file out.json --from $FILES/pipe.volume`, 2, ""},
	{"100 MB of drop-ins", nil, `hocker lock add --file out.json --from $FILES/large.container`, 2, ""},
	{"many drop-ins, in many folders", nil, `hocker lock add --file out.json --from $FILES/$DASHES.image`, 2, ""},
	{"a loop of links", nil, `hocker lock add --file out.json --from $FILES/loop.yaml`, 2, ""},
	{"a folder", nil, `hocker lock add --file out.json --from $FILES`, 2, ""},
	{"a pipe", nil, `hocker lock add --max-time 1s --file out.json --from $FILES/pipe.yaml`, 6, ""},
	{"includes that multiply", nil, `hocker lock add --file out.json --from $FILES/include0.yaml`, 2, ""},
	{"an include without end", nil, `hocker lock add --file out.json --from $FILES/device.yaml`, 2, ""},
	{"an include that is a pipe", nil, `hocker lock add --max-time 1s --file out.json --from $FILES/waits.yaml`, 6, ""},
	{".env without end", nil, `hocker lock add --file out.json --from $FILES/endless/compose.yaml`, 2, ""},
	{".env is a folder", nil, `hocker lock add --file out.json --from $FILES/folder/compose.yaml`, 2, ""},
	{".env is a pipe", nil, `hocker lock add --max-time 1s --file out.json --from $FILES/pipe/compose.yaml`, 6, ""},
	{".env without end, later", nil, `hocker lock check --file $FILES/endless/hocker.lock.json`, 2, ""},
	{"endless, later", nil, `hocker lock update --file $FILES/hocker.lock.json`, 2, ""},
	{"a folder, later", nil, `hocker lock check --file $FILES/folder.lock.json`, 2, ""},
}

// TestHostileSources attacks commands by the files that name images, as
// TestHostileRegistry does by a registry.
func TestHostileSources(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t, "sources")
	files := filepath.Join(w.dir, "files")
	w.setenv("FILES", files)
	w.setenv("DASHES", dashes)
	w.setenv("GOMAXPROCS", attackProcessors)
	writeSources(t, files)
	for i, row := range sourceRows {
		t.Run(row.attack, func(t *testing.T) {
			attack(t, w, filepath.Join(w.dir, fmt.Sprint("row", i)), row, sourceMemory)
		})
	}
}

// dashes is the name of a unit with 120 folders of drop-ins.
var dashes = strings.Repeat("a-", 120)

// writeSources writes the files of TestHostileSources.
func writeSources(t *testing.T, dir string) {
	const service = "services: {a: {image: nginx}}\n"
	lockOf := func(source string) string {
		return string(jsonText(jsonObject{"version": 4, "images": jsonObject{}, "sources": jsonObject{source: jsonObject{"kind": "compose"}}}))
	}
	var variables, arguments strings.Builder
	for n := range 20_000 {
		fmt.Fprintf(&variables, "V%d=$V\n", n)
		fmt.Fprintf(&arguments, "ARG V%d=$V\n", n)
	}
	long := "V=" + strings.Repeat("x", 60_000) + "\n"
	files := map[string]string{
		"long.Dockerfile":          "ARG " + long + arguments.String(),
		"long/.env":                long + variables.String(),
		"long/compose.yaml":        service,
		"large.yaml":               service + strings.Repeat("#", 100_000_000),
		"services.yaml":            "services:\n" + strings.Repeat("  s: {}\n", 1_000_000),
		"documents.yaml":           strings.Repeat("---\nkind: Pod\n", 1_000_000),
		"unknown.yaml":             strings.Repeat("---\n{}\n", 1_000_000),
		"values.yaml":              "kind: Pod\nx: [" + strings.Repeat("{a: b},", 66_000) + "]\n",
		"lists.yaml":               "kind: Pod\nx: [" + strings.Repeat("[[[]]],", 240_000) + "]\n",
		"deep.yaml":                "kind: Pod\nx: " + strings.Repeat("[", 100_000),
		"aliases.yaml":             "kind: Pod\nx: &a [" + strings.Repeat("*a,", 190_000) + "]\n",
		"Dockerfile":               strings.Repeat("FROM scratch AS a\nCOPY --from=b / /\n", 400_000),
		"line.container":           "[Container]\nImage=" + strings.Repeat("a\\\n", 300_000),
		"device.yaml":              "include: [/dev/zero]\n",
		"waits.yaml":               "include: [pipe.yaml]\n",
		"endless/compose.yaml":     service,
		"folder/compose.yaml":      service,
		"folder/.env/x":            "",
		"pipe/compose.yaml":        service,
		"include12.yaml":           service,
		"endless/hocker.lock.json": lockOf("compose.yaml"),
		"hocker.lock.json":         lockOf("zero.yaml"),
		"folder.lock.json":         lockOf("folder"),
	}
	for _, unit := range []string{"zero.container", "pipe.container", "large.container", "pipe.volume", dashes + ".image"} {
		files[unit] = "[Container]\nImage=nginx\n"
	}
	for n := range 100 {
		files[fmt.Sprintf("large.container.d/%d.conf", n)] = "[Container]\n#" + strings.Repeat("x", 1_000_000)
	}
	for n := range 120 {
		for m := range 10 {
			files[fmt.Sprintf("%s.image.d/%d.%d.conf", strings.Repeat("a-", n+1), n, m)] = "[Image]\nImage=nginx\n"
		}
	}
	for n := range 12 {
		files[fmt.Sprintf("include%d.yaml", n)] = "include:\n" + strings.Repeat(fmt.Sprintf("  - include%d.yaml\n", n+1), 10)
	}
	for name, content := range files {
		writeAttackFile(t, filepath.Join(dir, name), []byte(content))
	}
	for _, folder := range []string{"zero.container.d", "pipe.container.d"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"zero.yaml": "/dev/zero", "endless/.env": "/dev/zero", "loop.yaml": "loop.yaml", "zero.container.d/0.conf": "/dev/zero"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pipe.yaml", "pipe/.env", "pipe.container.d/0.conf", "volume.d"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
