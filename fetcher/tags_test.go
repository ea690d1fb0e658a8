package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
)

// tagsPage is a page of a list of tags.
func tagsPage(link string, tags ...string) answer {
	a := answer{body: fmt.Sprintf(`{"name":"org/app","tags":["%s"]}`, strings.Join(tags, `","`))}
	if link != "" {
		a.header = map[string]string{"Link": link}
	}
	return a
}

func TestTags(t *testing.T) {
	const path = "/v2/org/app/tags/list"
	many := make([]string, maxTags/4+1)
	for i := range many {
		many[i] = "t"
	}
	long := make([]string, 20_000)
	for i := range long {
		long[i] = strings.Repeat("t", 128)
	}
	tests := []struct {
		name     string
		registry http.Handler
		want     string
		asked    int
		err      string // without what is asked for
		kind     error
	}{
		{name: "none", registry: answer{body: `{"name":"org/app","tags":null}`}, asked: 1},
		{name: "one page", registry: tagsPage("", "b", "a"), want: "b a", asked: 1},
		{name: "pages", registry: inTurn(tagsPage(`<`+path+`?last=a&n=1>; rel="next"`, "a"), tagsPage("", "b")), want: "a b", asked: 2},
		{name: "a page elsewhere", registry: tagsPage(`<http://other.example/v2/?n=2>; rel="next"`, "a"), asked: 1, err: "the link to the next page leads elsewhere"},
		{name: "pages without end", registry: numbered(func(page string) answer { return tagsPage("<?last="+page+">; rel=next", "a") }), asked: maxTagPages, err: "more than 1000 pages, the limit"},
		{name: "tags without end", registry: numbered(func(page string) answer { return tagsPage("<?last="+page+">; rel=next", many...) }), asked: 4, err: "more than 200000 tags, the limit"},
		{name: "long tags without end", registry: numbered(func(page string) answer { return tagsPage("<?last="+page+">; rel=next", long...) }), asked: 4, err: "more than 8388608 bytes of tags, the limit"},
		{name: "a page that is its own next one", registry: tagsPage("<?last=a>; rel=next", "a"), asked: 2, err: "the link to the next page leads to the same page"},
		{name: "not a tag", registry: tagsPage("", `a\u001b[1m`), asked: 1, err: `the list has the tag "a\x1b[1m": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
		{name: "twice", registry: answer{body: `{"tags":["a"],"tags":["b"]}`}, asked: 1, err: `expected a list of tags: the list is ambiguous: duplicate key "tags"`},
		{name: "a web page", registry: answer{body: "<html>"}, asked: 1, err: "expected a list of tags: invalid character '<' looking for beginning of value"},
		{name: "no such image", registry: answer{status: 404}, asked: 1, err: "GET http://HOST" + path + ": 404 Not Found", kind: content.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			registry := startServer(t, tt.registry)
			c := static(registry.app(t), credential.Credential{})
			tags, err := c.Tags(t.Context(), registry.app(t))
			want := tt.err
			if want != "" {
				want = "tags of " + registry.app(t).Familiar() + ": " + strings.ReplaceAll(want, "HOST", registry.host())
			}
			checkError(t, err, want)
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not %v", err, tt.kind)
			}
			if strings.Join(tags, " ") != tt.want {
				t.Errorf("%q, want %q", tags, tt.want)
			}
			if asked := len(registry.asked()); asked != tt.asked {
				t.Errorf("%d requests, want %d", asked, tt.asked)
			}
		})
	}
}

// A mirror answers only for a registry that cannot be reached, and that is said.
func TestTagsOfMirror(t *testing.T) {
	for name, tt := range map[string]struct {
		registry http.Handler
		want     []string
		notices  int
	}{
		"reachable":   {tagsPage("", "a", "b"), []string{"a", "b"}, 0},
		"no image":    {answer{status: 404}, nil, 0},
		"unreachable": {answer{status: 501}, []string{"a"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			mirror, registry := startServer(t, tagsPage("", "a")), startServer(t, tt.registry)
			c := static(registry.app(t), credential.Credential{})
			c.Mirrors = []Mirror{{"*", mirror.app(t).Registry}}
			var notices []string
			c.Notice = func(line string) { notices = append(notices, line) }
			tags, err := c.Tags(t.Context(), registry.app(t))
			if !slices.Equal(tags, tt.want) || (err == nil) != (tt.want != nil) {
				t.Errorf("%q, %v", tags, err)
			}
			if len(notices) != tt.notices || tt.notices > 0 && !strings.HasPrefix(notices[0], "warning: the tags are those that the mirror "+mirror.host()+" has: GET ") {
				t.Errorf("notices %q", notices)
			}
		})
	}
}
