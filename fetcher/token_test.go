package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// tokenService is a registry with a token service at /token. A token is valid for
// one scope; expire invalidates all of them.
type tokenService struct {
	user, pass string       // empty for anonymous access
	identity   string       // identity token that it accepts too
	field      string       // of the token in the response; empty means token
	realm      string       // address of the token service; empty means its own
	scope      string       // in the challenge, or empty
	answer     http.Handler // instead of a token

	mu      sync.Mutex
	forms   []url.Values // token requests
	issued  int
	expired int
}

func (ts *tokenService) start(t *testing.T) *server {
	mux := http.NewServeMux()
	s := startServer(t, mux)
	mux.HandleFunc("/token", ts.serveToken)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		if ts.good(r) {
			hello.ServeHTTP(w, r)
			return
		}
		realm := ts.realm
		if realm == "" {
			realm = s.URL + "/token"
		}
		how := fmt.Sprintf(`Bearer realm="%s",service="registry"`, realm)
		if ts.scope != "" {
			how += fmt.Sprintf(`,scope="%s"`, ts.scope)
		}
		challenge(how).ServeHTTP(w, r)
	})
	return s
}

func (ts *tokenService) expire() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.expired = ts.issued
}

// asked returns the requests to the token service, in order.
func (ts *tokenService) asked() []url.Values {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return slices.Clone(ts.forms)
}

// tokens returns the number of tokens issued.
func (ts *tokenService) tokens() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.issued
}

// good reports whether r carries a valid token for its repository.
func (ts *tokenService) good(r *http.Request) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var n int
	var repo string
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer t0ken-%d-%s", &n, &repo); err != nil {
		return false
	}
	return n > ts.expired && n <= ts.issued && strings.HasPrefix(r.URL.Path, "/v2/"+repo+"/")
}

func (ts *tokenService) serveToken(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	ts.mu.Lock()
	ts.forms = append(ts.forms, r.Form)
	ts.mu.Unlock()
	user, pass, _ := r.BasicAuth()
	byIdentity := r.Method == "POST" && ts.identity != "" && r.Form.Get("refresh_token") == ts.identity
	switch {
	case ts.answer != nil:
		ts.answer.ServeHTTP(w, r)
	case !byIdentity && (user != ts.user || pass != ts.pass || r.Method != "GET"):
		answer{status: 401, body: `{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}`}.ServeHTTP(w, r)
	default:
		ts.issue(r.Form.Get("scope")).ServeHTTP(w, r)
	}
}

func (ts *tokenService) issue(scope string) answer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	field := ts.field
	if field == "" {
		field = "token"
	}
	ts.issued++
	repo := strings.TrimSuffix(strings.TrimPrefix(scope, "repository:"), ":pull")
	return answer{body: fmt.Sprintf(`{"%s":"t0ken-%d-%s","expires_in":60}`, field, ts.issued, repo)}
}

var tokenTests = []struct {
	name       string
	service    *tokenService
	credential credential.Credential
	asked      []url.Values // token requests; nil means the usual one
	failure
}{
	{name: "anonymous", service: &tokenService{}},
	{name: "access_token", service: &tokenService{field: "access_token"}},
	{name: "scope in the challenge", service: &tokenService{scope: "repository:org/app:pull"}},
	{name: "user", service: &tokenService{user: "me", pass: "p:ss"}, credential: credential.Credential{Username: "me", Password: "p:ss"}},
	{
		name: "identity token", service: &tokenService{user: "none", identity: "1d", field: "access_token"}, credential: credential.Credential{IdentityToken: "1d"},
		asked: []url.Values{{"grant_type": {"refresh_token"}, "refresh_token": {"1d"}, "service": {"registry"}, "client_id": {"hocker"}, "scope": {"repository:org/app:pull"}}},
	},
	{
		name: "wrong password", service: &tokenService{user: "me", pass: "pass"}, credential: credential.Credential{Username: "me", Password: "hunter2"},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": token service: GET http://HOST/token: 401 Unauthorized (UNAUTHORIZED incorrect username or password)"},
	},
	{
		name: "no such identity", service: &tokenService{user: "none", identity: "1d"}, credential: credential.Credential{IdentityToken: "hunter2"},
		asked:   []url.Values{{"grant_type": {"refresh_token"}, "refresh_token": {"hunter2"}, "service": {"registry"}, "client_id": {"hocker"}, "scope": {"repository:org/app:pull"}}},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": token service: POST http://HOST/token: 401 Unauthorized (UNAUTHORIZED incorrect username or password)"},
	},
	{
		name: "token for something else", service: &tokenService{answer: answer{body: `{"token":"t0ken-1-org/other"}`}},
		failure: failure{kind: content.ErrDenied, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/v2/org/app/blobs/" + string(helloDigest) + ": 401 Unauthorized (UNAUTHORIZED authentication required)"},
	},
	{
		name: "token service unavailable", service: &tokenService{answer: answer{status: 503}},
		asked:   slices.Repeat([]url.Values{{"service": {"registry"}, "scope": {"repository:org/app:pull"}}}, 6),
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": token service: GET http://HOST/token: 503 Service Unavailable"},
	},
	{
		name: "token service hangs up", service: &tokenService{answer: hangUp},
		// Six attempts, and one more of net/http itself: the first goes over the
		// connection of the challenge, which may simply have been too old.
		asked:   slices.Repeat([]url.Values{{"service": {"registry"}, "scope": {"repository:org/app:pull"}}}, 7),
		failure: failure{kind: content.ErrUnavailable, text: "blob of HOST/org/app@" + string(helloDigest) + ": GET http://HOST/token: EOF"},
	},
}

func TestToken(t *testing.T) {
	for _, tt := range tokenTests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.service.start(t)
			got, err := fetchHello(t, static(s.app(t), tt.credential), s.app(t))
			tt.check(t, err, s.host())
			if err == nil && got != "hello" {
				t.Errorf("got %q", got)
			}
			asked := tt.asked
			if asked == nil {
				asked = []url.Values{{"service": {"registry"}, "scope": {"repository:org/app:pull"}}}
			}
			if got := tt.service.asked(); fmt.Sprint(got) != fmt.Sprint(asked) {
				t.Errorf("the token service was asked\n%v, want\n%v", got, asked)
			}
		})
	}
}

// If the token service does not send a token, the error shows its URL without the
// query, which may hold a secret.
func TestMalformedToken(t *testing.T) {
	for _, body := range []string{`<html>log in</html>`, `{}`, `{"token":""}`, `{"token":`} {
		service := &tokenService{answer: answer{body: body}}
		s := service.start(t)
		service.realm = s.URL + "/token?key=hunter2"
		if _, err := fetchHello(t, &Client{}, s.app(t)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// A token is reused for its repository until the registry rejects it, even in the
// middle of a run.
func TestTokenExpires(t *testing.T) {
	service := &tokenService{user: "me", pass: "pass"}
	s := service.start(t)
	c := static(s.app(t), credential.Credential{Username: "me", Password: "pass"})
	other := reference.Repository{Registry: s.app(t).Registry, Path: "org/other"}
	fetch := func(repo reference.Repository, issued int) {
		t.Helper()
		if got, err := fetchHello(t, c, repo); err != nil || got != "hello" {
			t.Errorf("got %q, %v", got, err)
		}
		if got := service.tokens(); got != issued {
			t.Errorf("%d tokens, want %d", got, issued)
		}
	}
	fetch(s.app(t), 1)
	fetch(s.app(t), 1)
	fetch(other, 2)
	fetch(s.app(t), 2)
	service.expire()
	fetch(s.app(t), 3)
	fetch(other, 4)
	fetch(s.app(t), 4)
}

// A remote registry cannot use a token service on this machine.
func TestTokenServiceOnLoopback(t *testing.T) {
	service := &tokenService{user: "me", pass: "hunter2"}
	s := service.start(t)
	noProxies(t)
	t.Setenv("ALL_PROXY", startServer(t, httpProxy{to: s}).host())
	repo := far("http")
	c := static(repo, credential.Credential{Username: "me", Password: "hunter2"})
	c.Transport = NewTransport(TransportOptions{})
	if _, err := fetchHello(t, c, repo); !errors.As(err, new(*ReachError)) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if asked := service.asked(); asked != nil {
		t.Errorf("the token service was asked: %v", asked)
	}
}
