package test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hocker/fetcher/source"
	"hocker/test/servers"
)

// quadletRow is a unit with its drop-ins. podman and hocker find the same image in it, or
// both refuse it.
type quadletRow struct {
	name  string
	unit  string
	files map[string]string
	want  string // the reference; empty if there is an error
}

const (
	webUnit = "[Container]\nImage=quay.io/org/web:0\n"
	web1    = "[Container]\nImage=quay.io/org/web:1\n"
	web2    = "[Container]\nImage=quay.io/org/web:2\n"
)

var quadletRows = []quadletRow{
	{"no drop-in", "web.container", map[string]string{"web.container": webUnit, "web.container.d/x": web1, "web.d/x.conf": web1}, "quay.io/org/web:0"},
	{"two drop-ins", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": web1, "web.container.d/B.conf": web2}, "quay.io/org/web:1"},
	{"another section", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": "[Image]\nImage=quay.io/org/web:1\n[Unit]\nX-A=b\n"}, "quay.io/org/web:0"},
	{"all containers", "web.container", map[string]string{"web.container": webUnit, "container.d/.conf": web1}, "quay.io/org/web:1"},
	{"the name comes before the folder", "web.container", map[string]string{"web.container": webUnit, "container.d/b.conf": web1, "web.container.d/a.conf": web2}, "quay.io/org/web:1"},
	{"the same name", "web.container", map[string]string{"web.container": webUnit, "container.d/a.conf": web1, "web.container.d/a.conf": web2}, "quay.io/org/web:2"},
	{"an empty file of the same name", "web.container", map[string]string{"web.container": webUnit, "container.d/a.conf": web1, "web.container.d/a.conf": ""}, "quay.io/org/web:0"},
	{"prefixes", "web-app-1.container", map[string]string{"web-app-1.container": webUnit, "web-.container.d/a.conf": web1, "web-app-.container.d/a.conf": web2, "web.container.d/b.conf": webUnit, "web-app.container.d/b.conf": webUnit}, "quay.io/org/web:2"},
	{"a dash at the end", "web-.container", map[string]string{"web-.container": webUnit, "web-.container.d/a.conf": web1}, "quay.io/org/web:1"},
	{"a template", "web-app@.container", map[string]string{"web-app@.container": webUnit, "web-.container.d/a.conf": web2, "web-@.container.d/a.conf": web1}, "quay.io/org/web:1"},
	{"an instance", "web-app@x-y.container", map[string]string{"web-app@x-y.container": webUnit, "web-app@x-.container.d/b.conf": web2, "web-@.container.d/a.conf": web2, "web-app@.container.d/a.conf": web1}, "quay.io/org/web:1"},
	{"an instance with two signs", "web@a-@b.container", map[string]string{"web@a-@b.container": webUnit, "web@.container.d/a.conf": web1, "web@a-@.container.d/b.conf": web2}, "quay.io/org/web:1"},
	{"the drop-in of an image", "web.container", map[string]string{"web.container": "[Container]\nImage=web.image\n", "web.image": "[Image]\nImage=quay.io/org/web:0\n", "web.image.d/a.conf": "[Image]\nImage=quay.io/org/web:1\n"}, "quay.io/org/web:1"},
	{"a drop-in that names an image's file", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": "[Container]\nImage=web.image\n", "web.image": "[Image]\nImage=quay.io/org/web:1\n"}, "quay.io/org/web:1"},
	{"a volume", "data.volume", map[string]string{"data.volume": "[Volume]\nDriver=image\nImage=quay.io/org/data:0\n", "volume.d/a.conf": "[Volume]\nImage=\"quay.io/org/data:1\"\n"}, "quay.io/org/data:1"},
	{"lines that continue", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": "[Container]\r\nImage = quay.io/\\\r\n; a\r\n\r\n\torg/web:1\r\n# b\r\nExec=\\\r\nImage=no\r\n"}, "quay.io/org/web:1"},
	{"no section", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": "Image=quay.io/org/web:1\n"}, ""},
	{"no line of a unit", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf": "[Container]\nquay.io/org/web:1\n"}, ""},
	{"a folder", "web.container", map[string]string{"web.container": webUnit, "web.container.d/a.conf/x": ""}, ""},
	{"no folder", "web.container", map[string]string{"web.container": webUnit, "web.container.d": web1}, ""},
}

// TestQuadletDropIns reads units as podman's generator does.
func TestQuadletDropIns(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "unshare", "mount")
	for _, suite := range []string{"trixie", "sid"} {
		programs, err := servers.FindPrograms(suite, "podman")
		if err != nil {
			servers.Lacks(t, err)
		}
		for _, row := range quadletRows {
			t.Run(suite+"/"+row.name, func(t *testing.T) {
				dir := t.TempDir()
				for path, text := range row.files {
					writeAttackFile(t, filepath.Join(dir, path), []byte(text))
				}
				if got := podmanReads(t, programs, dir, row.unit); got != row.want {
					t.Errorf("podman: %q, want %q", got, row.want)
				}
				reader := source.Reader{Open: source.Files(t.Context()), List: source.List}
				result, err := reader.Read(source.Quadlet, filepath.Join(dir, row.unit))
				got := ""
				for _, i := range result.Images {
					got += i.Reference.String()
				}
				if got != row.want || (err != nil) != (row.want == "") {
					t.Errorf("hocker: %q, %v, want %q", got, err, row.want)
				}
			})
		}
	}
}

var (
	unitOutput = regexp.MustCompile(`(?m)^---(.*)---$`)
	unitImage  = regexp.MustCompile(`(?m)^ExecStart=/usr/bin/podman (?:run .* -d|volume .* --opt) (?:image=)?(quay\.io\S+)( |$)`)
)

// podmanReads returns the image that podman's generator finds in a unit, or nothing if it
// fails.
func podmanReads(t *testing.T, programs servers.Programs, dir, unit string) string {
	t.Helper()
	// The generator of another suite, with its own libraries.
	script := `mount --rbind "$0/usr" /usr && QUADLET_UNIT_DIRS=$1 exec /usr/libexec/podman/quadlet -user -dryrun`
	output, err := exec.Command("unshare", "--mount", "--propagation", "slave", "sh", "-c", script, programs.Tree(), dir).Output()
	if err != nil {
		return ""
	}
	service := strings.TrimSuffix(unit, filepath.Ext(unit))
	if filepath.Ext(unit) == ".volume" {
		service += "-volume"
	}
	var images []string
	for _, part := range strings.Split(unitOutput.ReplaceAllString(string(output), "\x00$1"), "\x00") {
		if name, text, _ := strings.Cut(part, "\n"); name == "/"+service+".service" || name == service+".service" {
			for _, match := range unitImage.FindAllStringSubmatch(text, -1) {
				images = append(images, match[1])
			}
		}
	}
	if len(images) != 1 {
		return fmt.Sprintf("%q in %s", images, output)
	}
	return images[0]
}
