package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hocker/test/servers"
)

// loadRows are the rows of the table. They run in this order on each engine, and each
// row starts with the images that the rows before it left.
var loadRows = []struct {
	name string
	try  func(*loadCase) error
}{
	{"its own client", (*loadCase).whole},
	{"first load", (*loadCase).first},
	{"unchanged", (*loadCase).unchanged},
	{"last layer changed", (*loadCase).changed},
	{"tag moved", (*loadCase).tagMoved},
	{"interrupted", (*loadCase).interrupted},
	{"concurrent clients", (*loadCase).concurrent},
}

// TestLoadEngines loads images into every engine, whether or not it has some of their
// layers. With -v it prints the table.
func TestLoadEngines(t *testing.T) {
	t.Parallel()
	servers.Require(t, "root", "docker-registry", "skopeo", "busybox", "unshare", "mount")
	fetched := fetchLoadImages(t)
	var rows, columns []string
	for _, row := range loadRows {
		rows = append(rows, row.name)
	}
	cases := make([]*loadCase, len(loadEngines))
	for i, e := range loadEngines {
		programs, err := servers.FindPrograms(e.suite, e.pkg)
		version := e.suite
		if err == nil {
			version, err = programs.Version(e.program)
		}
		cases[i] = &loadCase{loadImages: fetched, engine: e, programs: programs, missing: err,
			column: e.program + " " + version + " " + e.kind}
		columns = append(columns, cases[i].column)
	}
	result := newTable("hocker load", rows, columns)
	t.Run("all", func(t *testing.T) { // returns when its parallel tests have ended
		for i, c := range cases {
			t.Run(c.column, func(t *testing.T) {
				t.Parallel()
				c.run(t, fmt.Sprintf("load%d", i), result)
			})
		}
	})
	t.Logf("\n%s\nPASS: outcome, bytes sent, image ID and the container's output are right, without the registry.", result)
}

// loadCase is a column of the table.
type loadCase struct {
	*loadImages
	engine   loadEngine
	programs servers.Programs
	missing  error // why the engine cannot run
	column   string

	loadTarget
	home *workplace
}

// run runs the rows, up to the first failure: the rows after it depend on it.
func (c *loadCase) run(t *testing.T, dir string, result *table) {
	if c.missing != nil {
		servers.Lacks(t, c.missing)
	}
	servers.Require(t, c.engine.needs...)
	c.home = newWorkplace(t, dir)
	c.loadTarget = c.engine.start(t, c.programs, c.home)
	for _, row := range loadRows {
		if err := row.try(c); err != nil {
			result.note(row.name, c.column, "FAIL")
			t.Fatalf("%s: %v", row.name, err)
		}
		result.note(row.name, c.column, "PASS")
	}
}

// loadRow is what hocker load --json prints for an image.
type loadRow struct {
	Reference, ID, Outcome string
	Layers, LayersPresent  int
	Bytes                  int64
}

// hocker returns the command line of hocker load.
func (c *loadCase) hocker(more ...string) []string {
	return append(append([]string{"load"}, c.flags()...), more...)
}

// loads loads an image with hocker, and checks its report and the image.
func (c *loadCase) loads(f *fetchedImage, outcome string, present int, most int64) error {
	output, err := c.home.output("hocker", c.hocker("--json", f.file)...)
	if err != nil {
		return err
	}
	var rows []loadRow
	if err := json.Unmarshal(output, &rows); err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("hocker load reported, for one image,\n%s", output)
	}
	row := rows[0]
	if row.Reference != f.name || row.ID != f.image.Config.String() || row.Outcome != outcome ||
		row.Layers != len(f.image.Layers) || row.LayersPresent != present {
		return fmt.Errorf("hocker load reported, for %s, %+v, want %s with %d layers, %d of them present", f.name, row, outcome, len(f.image.Layers), present)
	}
	if row.Bytes > most || most >= f.size && row.Bytes < f.size {
		return fmt.Errorf("sent %d bytes of an image of %d bytes, want at most %d", row.Bytes, f.size, most)
	}
	return c.has(f)
}

// has checks that the image is there under its name, and runs.
func (c *loadCase) has(f *fetchedImage) error {
	if id, err := c.id(f.name); err != nil || id != c.want(f.image) {
		return fmt.Errorf("%s is %q, want %s: %w", f.name, id, c.want(f.image), err)
	}
	output, err := c.greet(f.name)
	if got := strings.TrimSpace(string(output)); err == nil && got != f.greeting {
		err = fmt.Errorf("%s printed %q, want %q", f.name, got, f.greeting)
	}
	return err
}

// saves checks that the engine saves the same image.
func (c *loadCase) saves(f *fetchedImage) error {
	file := filepath.Join(c.home.dir, "saved.tar")
	defer os.Remove(file)
	if err := c.save(f.name, file); err != nil {
		return err
	}
	saved, err := readSaved(file)
	if err == nil && (saved.config != f.image.Config || !slices.Equal(saved.diffIDs, f.image.DiffIDs)) {
		err = fmt.Errorf("%s is saved as config %s with layers %s, want %s and %s", f.name, saved.config, saved.diffIDs, f.image.Config, f.image.DiffIDs)
	}
	return err
}

// aFewKB limits the bytes sent besides layers: the archive's JSON files and padding.
const aFewKB = 40 << 10

// whole loads an archive with the engine's own client, to check the test itself, and
// removes the image.
func (c *loadCase) whole() error {
	if err := c.load(c.two.archive); err != nil {
		return err
	}
	if err := c.has(c.two); err != nil {
		return err
	}
	if err := c.saves(c.two); err != nil {
		return err
	}
	return c.remove(c.two.name)
}

func (c *loadCase) first() error { return c.loads(c.one, "loaded", 0, c.one.size+aFewKB) }

func (c *loadCase) unchanged() error {
	return c.loads(c.one, "present", len(c.one.image.Layers), 0)
}

// changed loads an image that differs in its last layer. The engine must save it as after
// a load of the complete archive.
func (c *loadCase) changed() error {
	if err := c.loads(c.two, "loaded", len(c.two.image.Layers)-1, aFewKB); err != nil {
		return err
	}
	return c.saves(c.two)
}

// tagMoved loads the second image under the name of the first.
func (c *loadCase) tagMoved() error {
	if err := c.loads(c.moved, "tagged", len(c.two.image.Layers), 0); err != nil {
		return err
	}
	return c.has(c.two)
}

// interrupted kills hocker while it sends an image that is new to the engine. The name
// must not point to an incomplete image, and the next load completes.
func (c *loadCase) interrupted() error {
	if err := c.killed(c.large); err != nil {
		return err
	}
	if id, err := c.id(c.large.name); err != nil || id != "" {
		return fmt.Errorf("after an interruption %s is %q, %w", c.large.name, id, err)
	}
	output, err := c.home.output("hocker", c.hocker(c.large.file)...)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	if err := c.has(c.large); err != nil {
		return err
	}
	return c.saves(c.large)
}

// concurrent loads two images that share layers with hocker, while the engine's own
// client loads a third image and removes a fourth.
func (c *loadCase) concurrent() error {
	hocker := func(f *fetchedImage) error {
		_, err := c.home.output("hocker", c.hocker(f.file)...)
		return err
	}
	jobs := []func() error{
		func() error { return hocker(c.others[0]) },
		func() error { return hocker(c.others[1]) },
		func() error { return c.load(c.others[2].archive) },
		func() error { return c.remove(c.two.name) },
	}
	ended := make(chan error)
	for _, job := range jobs {
		go func() { ended <- job() }()
	}
	var first error
	for range jobs {
		if err := <-ended; first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	for _, f := range c.others {
		if err := c.has(f); err != nil {
			return err
		}
		if err := c.saves(f); err != nil {
			return err
		}
	}
	return nil
}
