package test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"hocker/test/faults"
)

// tagsRow is a list of tags that attacks: a row of TestHostileTags.
type tagsRow struct {
	attack string
	// page writes page n, from 0, after which there may be others.
	page func(w http.ResponseWriter, n int)
	// The exit codes of hocker tags; of lock add and lock update with --follow; and of lock
	// outdated.
	tags, follow, outdated int
}

// page writes a page of tags, with a Link header if link is not empty.
func page(w http.ResponseWriter, link string, tags ...string) {
	w.Header().Set("Content-Type", "application/json")
	if link != "" {
		port := w.Header().Get("Port")
		w.Header().Set("Link", "<"+strings.ReplaceAll(link, "$PORT", port)+`>; rel="next"`)
	}
	w.Write(jsonText(jsonObject{"name": "app", "tags": tags}))
}

// always returns a page with these tags and this link.
func always(link string, tags ...string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { page(w, link, tags...) }
}

// numbered returns n tags of a format.
func numbered(n int, format string) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf(format, i)
	}
	return tags
}

// endlessly returns pages without end, each with 1,000 tags of a format.
func endlessly(format string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, n int) {
		tags := make([]string, 1000)
		for i := range tags {
			tags[i] = fmt.Sprintf(format, 1000*n+i)
		}
		page(w, fmt.Sprintf("?n=1000&last=%s", tags[999]), tags...)
	}
}

var huge = "1." + strings.Repeat("9", 41)

var tagsRows = []tagsRow{
	{"a link to itself", always("/v2/app/tags/list?n=1000", "1.1"), 1, 1, 2},
	{"a link to another page, for ever", func(w http.ResponseWriter, n int) { page(w, "?last="+strconv.Itoa(n), "1.1") }, 1, 1, 2},
	{"a link to another path", func(w http.ResponseWriter, n int) { page(w, fmt.Sprintf("/v2/app/tags/list%d?n=1", n), "1.1") }, 1, 1, 2},
	{"a link to another host", always("http://localhost:$PORT/v2/app/tags/list?n=2", "1.1"), 1, 1, 2},
	{"a link to another host, in short", always("//localhost:$PORT/v2/app/tags/list?n=2", "1.1"), 1, 1, 2},
	{"a link to a script", always("javascript:alert(1)", "1.1"), 1, 1, 2},
	{"a link to a file", always("file:///etc/passwd?n=1", "1.1"), 1, 1, 2},
	{"a link to a long query", func(w http.ResponseWriter, n int) {
		page(w, fmt.Sprint("?last=", n, strings.Repeat("x", 900_000)), "1.1")
	}, 1, 1, 2},
	{"tags without end", endlessly("1.%d"), 1, 1, 2},
	{"long tags without end", endlessly("1." + strings.Repeat("0", 110) + "%d"), 1, 1, 2},
	{"a million tags", always("", numbered(1_000_000, "1.%d")...), 1, 1, 2},
	{"no tags without end", always("?n=1000&last=x"), 1, 1, 2},
	{"numbers of 41 digits", always("", huge, "1.1"), 0, 0, 0},
	{"many parts", func(w http.ResponseWriter, n int) {
		link := "?n=1000&last=" + strconv.Itoa(n)
		if n == 40 {
			link = ""
		}
		page(w, link, numbered(1000, "1."+strings.Repeat("a1", 55)+fmt.Sprint("-", n, ".%d"))...)
	}, 0, 4, 0},
	{"the same tag", always("", strings.Split(strings.Repeat("1.1 ", 300_000)+"1.1", " ")...), 1, 1, 2},
	{"the same tag, fewer times", always("", strings.Split(strings.Repeat("1.1 ", 90_000)+"1.1", " ")...), 0, 0, 0},
	{"control characters", always("", "1.1", "1.2\x1b[2J"), 1, 1, 2},
	{"markup", always("", "1.1", "1.2<img/src=x>"), 1, 1, 2},
	{"Markdown", always("", "1.1", "1.2`](http://x)"), 1, 1, 2},
	{"a path", always("", "1.1", "../1.2"), 1, 1, 2},
	{"a tag of a thousand characters", always("", "1."+strings.Repeat("1", 1000)), 1, 1, 2},
	{"nested", func(w http.ResponseWriter, _ int) {
		fmt.Fprintf(w, `{"tags":%s`, strings.Repeat("[", 1_000_000))
	}, 1, 1, 2},
	{"no list", func(w http.ResponseWriter, _ int) { fmt.Fprint(w, `{"tags":{"1.1":1}}`) }, 1, 1, 2},
}

// TestHostileTags attacks the commands that read lists of tags, as TestHostileRegistry
// attacks others. No command follows a link to another host.
func TestHostileTags(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t, "tags")
	r := faults.New()
	t.Cleanup(r.Close)
	addImage(r, "1.0")
	a := &tagsAttack{registry: r}
	a.row.Store(&tagsRow{page: always("", "1.0")})
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	w.setenv("R", strings.TrimPrefix(server.URL, "http://"))
	w.setenv("LOCK", filepath.Join(w.dir, "lock.json"))
	w.setenv("GOMAXPROCS", attackProcessors)
	if _, err := w.output("sh", "-c", "hocker lock add -q --file $LOCK --follow '1.*' $R/app"); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(w.dir, "lock.json")
	before, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range tagsRows {
		a.row.Store(&row)
		for j, command := range []attackRow{
			{run: "hocker tags --out out $R/app", code: row.tags, kept: "out"},
			{run: "hocker lock add --follow '1.*' --file out $R/app", code: row.follow, kept: "out"},
			{run: "exec hocker lock update --file $LOCK", code: row.follow},
			{run: "hocker lock outdated --file $LOCK", code: row.outdated},
		} {
			t.Run(fmt.Sprintf("%s, %d", row.attack, j), func(t *testing.T) {
				a.asked.Store(0)
				if command.code != 0 {
					command.kept = ""
				}
				attack(t, w, filepath.Join(w.dir, fmt.Sprintf("row%d-%d", i, j)), command, attackMemory)
				after, err := os.ReadFile(lock)
				if err != nil {
					t.Fatal(err)
				}
				if command.code != 0 && !bytes.Equal(after, before) {
					t.Errorf("the lock file has changed:\n%s", after)
				}
				writeAttackFile(t, lock, before)
			})
		}
	}
	if n := a.elsewhere.Load(); n > 0 {
		t.Errorf("%d requests went to another host", n)
	}
}

// tagsAttack is a registry with one image, and with lists of tags that attack.
type tagsAttack struct {
	registry  http.Handler
	row       atomic.Pointer[tagsRow]
	asked     atomic.Int64 // pages, by the command
	elsewhere atomic.Int64 // requests for another host, as localhost
}

func (a *tagsAttack) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := req.URL.Path
	switch {
	case strings.HasPrefix(req.Host, "localhost:"):
		a.elsewhere.Add(1)
	case strings.HasPrefix(path, "/v2/app/tags/"):
		_, port, _ := strings.Cut(req.Host, ":")
		w.Header().Set("Port", port)
		a.row.Load().page(w, int(a.asked.Add(1)-1))
		return
	case strings.HasPrefix(path, "/v2/app/manifests/1."):
		req.URL.Path = "/v2/app/manifests/1.0"
	}
	a.registry.ServeHTTP(w, req)
}
