package fetcher

import (
	"fmt"
	"net/http"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/reference"
)

var manifestHeadTests = []struct {
	name    string
	head    answer
	get     answer // the zero value is hello
	methods string
	bytes   bool
	failure
}{
	{name: "digest", head: answer{header: map[string]string{"Docker-Content-Digest": string(helloDigest)}}, methods: "[HEAD]"},
	{name: "no digest", methods: "[HEAD GET]", bytes: true},
	{name: "malformed digest", head: answer{header: map[string]string{"Docker-Content-Digest": "sha256:x"}}, methods: "[HEAD GET]", bytes: true},
	{name: "schema 1", head: answer{header: map[string]string{"Docker-Content-Digest": string(helloSHA512), "Content-Type": schema1Prefix + "prettyjws"}}, methods: "[HEAD GET]", bytes: true},
	{name: "HEAD is not allowed", head: answer{status: http.StatusMethodNotAllowed}, methods: "[HEAD GET]", bytes: true},
	{name: "HEAD is not implemented", head: answer{status: http.StatusNotImplemented}, methods: "[HEAD GET]", bytes: true},
	{name: "HEAD is a bad request", head: answer{status: http.StatusBadRequest}, methods: "[HEAD GET]", bytes: true},
	{name: "HEAD is forbidden", head: answer{status: http.StatusForbidden}, methods: "[HEAD GET]", bytes: true},
	{name: "HEAD finds nothing", head: answer{status: http.StatusNotFound}, methods: "[HEAD GET]", bytes: true},
	{name: "not found", head: answer{status: http.StatusNotFound}, get: answer{status: http.StatusNotFound}, methods: "[HEAD GET]",
		failure: failure{kind: content.ErrNotFound, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 404 Not Found"}},
	{name: "forbidden", head: answer{status: http.StatusForbidden}, get: answer{status: http.StatusForbidden}, methods: "[HEAD GET]",
		failure: failure{kind: content.ErrDenied, text: "manifest of HOST/org/app:1: GET http://HOST/v2/org/app/manifests/1: 403 Forbidden"}},
	{name: "unsupported challenge", head: challenge("Negotiate"), methods: "[HEAD]",
		failure: failure{kind: content.ErrDenied, text: "manifest of HOST/org/app:1: HEAD http://HOST/v2/org/app/manifests/1: the registry asks for Negotiate authentication; hocker supports Basic and Bearer"}},
}

func TestManifestHead(t *testing.T) {
	for _, tt := range manifestHeadTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					tt.head.ServeHTTP(w, r)
					return
				}
				if tt.get.status != 0 {
					tt.get.ServeHTTP(w, r)
					return
				}
				hello.ServeHTTP(w, r)
			}))
			m, err := new(Client).ManifestHead(t.Context(), reference.Reference{Repository: s.app(t), Tag: "1"})
			tt.failure.check(t, err, s.host())
			if err == nil && (m.Digest != helloDigest || (m.Bytes != nil) != tt.bytes) {
				t.Errorf("got %+v", m)
			}
			var methods []string
			for _, r := range s.asked() {
				methods = append(methods, r.Method)
			}
			if got := fmt.Sprint(methods); got != tt.methods {
				t.Errorf("asked by %s, want %s", got, tt.methods)
			}
		})
	}
}
