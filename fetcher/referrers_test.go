package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
)

// referrersPage is a page of a list of referrers with n entries.
func referrersPage(n int, link string) answer {
	entry := fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":1}`, helloDigest)
	a := answer{body: `{"schemaVersion":2,"manifests":[` + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + `]}`}
	if link != "" {
		a.header = map[string]string{"Link": link}
	}
	return a
}

func TestReferrers(t *testing.T) {
	path := "/v2/org/app/referrers/" + string(helloDigest)
	next := func(page string) string { return "<" + path + "?n=" + page + `>; rel="next"` }
	tests := []struct {
		name     string
		registry http.Handler
		want     int
		asked    int
		err      string // without the name of what is asked for
		kind     error
	}{
		{name: "none", registry: referrersPage(0, ""), asked: 1},
		{name: "one page", registry: referrersPage(2, ""), want: 2, asked: 1},
		{name: "pages", registry: inTurn(referrersPage(2, next("2")), referrersPage(1, "<?n=3>; rel=next"), referrersPage(1, "")), want: 4, asked: 3},
		{name: "another link", registry: referrersPage(2, "<"+path+`?n=0>; rel="prev"`), want: 2, asked: 1},
		{name: "a page elsewhere", registry: referrersPage(2, `<http://other.example/v2/?n=2>; rel="next"`), asked: 1, err: "the link to the next page leads elsewhere"},
		{name: "a page of another path", registry: referrersPage(2, `</v2/other/app/referrers/x?n=2>; rel="next"`), asked: 1, err: "the link to the next page leads elsewhere"},
		{name: "a page without a query", registry: referrersPage(2, "<"+path+`>; rel="next"`), asked: 1, err: "the link to the next page leads elsewhere"},
		{name: "a page that is its own next one", registry: referrersPage(1, next("2")), asked: 2, err: "the link to the next page leads to the same page"},
		{name: "a page with a long query", registry: referrersPage(1, next(strings.Repeat("2", maxQuery))), asked: 1, err: "the link to the next page is longer than 8192 bytes, the limit"},
		{name: "pages without end", registry: numbered(func(page string) answer { return referrersPage(1, next(page)) }), asked: maxReferrerPages, err: "more than 20 pages, the limit"},
		{name: "entries without end", registry: numbered(func(page string) answer { return referrersPage(maxReferrers, next(page)) }), asked: 2, err: "more than 2000 manifests, the limit"},
		{name: "no such API", registry: answer{status: 404}, asked: 1, err: "GET http://HOST" + path + ": 404 Not Found", kind: content.ErrNotFound},
		{name: "no list", registry: answer{body: "<html>"}, asked: 1, err: "expected an index of manifests for several platforms, but it is a web page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			registry := startServer(t, tt.registry)
			c := static(registry.app(t), credential.Credential{})
			list, err := c.Referrers(t.Context(), registry.app(t), helloDigest)
			want := tt.err
			if want != "" {
				want = "referrers of " + registry.app(t).Familiar() + "@" + string(helloDigest) + ": " + strings.ReplaceAll(want, "HOST", registry.host())
			}
			checkError(t, err, want)
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not %v", err, tt.kind)
			}
			if len(list) != tt.want && err == nil {
				t.Errorf("%d entries, want %d", len(list), tt.want)
			}
			if asked := len(registry.asked()); asked != tt.asked {
				t.Errorf("%d requests, want %d", asked, tt.asked)
			}
		})
	}
}

// A mirror without referrers does not hide those of the registry.
func TestReferrersOfMirror(t *testing.T) {
	for name, mirror := range map[string]http.Handler{"empty": referrersPage(0, ""), "no API": answer{status: 404}, "some": referrersPage(1, "")} {
		t.Run(name, func(t *testing.T) {
			mirror, registry := startServer(t, mirror), startServer(t, referrersPage(1, ""))
			c := static(registry.app(t), credential.Credential{})
			c.Mirrors = []Mirror{{"*", mirror.app(t).Registry}}
			if list, err := c.Referrers(t.Context(), registry.app(t), helloDigest); err != nil || len(list) != 1 {
				t.Errorf("%d entries, %v", len(list), err)
			}
		})
	}
}
