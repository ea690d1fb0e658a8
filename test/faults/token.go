package faults

import (
	"fmt"
	"net/http"
	"strings"
)

// Auth is token authentication. The token service is at /token.
type Auth struct {
	Username, Password string // empty: the service gives tokens without a login
	// Uses is the number of requests that a token is valid for; 0 means no limit.
	Uses int
}

// letIn reports whether a request has a valid token or needs none. If not, it answers
// with a 401.
func (r *Registry) letIn(w http.ResponseWriter, req *http.Request) bool {
	if r.Auth == nil {
		return true
	}
	token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	r.mu.Lock()
	used, known := r.tokens[token]
	if known {
		r.tokens[token]++
	}
	r.mu.Unlock()
	if known && (r.Auth.Uses == 0 || used < r.Auth.Uses) {
		return true
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="faults",scope="repository:%s:pull"`, self(req), repository(req)))
	fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}

func (r *Registry) giveToken(w http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	if r.Auth == nil || user != r.Auth.Username || password != r.Auth.Password {
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "wrong user name or password")
		return
	}
	r.mu.Lock()
	token := fmt.Sprintf("token-%d", len(r.tokens)+1)
	r.tokens[token] = 0
	r.mu.Unlock()
	serve(w, req, &content{mediaType: "application/json", data: fmt.Appendf(nil, `{"token":%q,"expires_in":300}`, token)})
}

// repository returns NAME of a path such as /v2/NAME/blobs/DIGEST.
func repository(req *http.Request) string {
	parts := strings.Split(strings.TrimPrefix(req.URL.Path, "/v2/"), "/")
	return strings.Join(parts[:max(len(parts)-2, 0)], "/")
}

// self returns the URL of the server that a request came to.
func self(req *http.Request) string {
	if req.TLS != nil {
		return "https://" + req.Host
	}
	return "http://" + req.Host
}
