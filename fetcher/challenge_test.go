package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hocker/fetcher/content"
	"hocker/fetcher/credential"

	"oras.land/oras-go/v2/registry/remote/auth"
)

type parameters = map[string]string

var parseChallengesTests = []struct {
	fields []string
	want   []authChallenge
}{
	{},
	{fields: []string{""}},
	{[]string{"Basic"}, []authChallenge{{scheme: "Basic", parameters: parameters{}}}},
	{[]string{`Basic realm="x"`}, []authChallenge{{"Basic", "", parameters{"realm": "x"}}}},
	{[]string{`bearer Realm="r",SERVICE=s , scope = "a b"`}, []authChallenge{{"bearer", "", parameters{"realm": "r", "service": "s", "scope": "a b"}}}},
	{[]string{"Negotiate", `Basic realm="x"`}, []authChallenge{{"Negotiate", "", parameters{}}, {"Basic", "", parameters{"realm": "x"}}}},
	{[]string{`Negotiate, Basic realm="x"`}, []authChallenge{{"Negotiate", "", parameters{}}, {"Basic", "", parameters{"realm": "x"}}}},
	{[]string{`Negotiate YWI+/-._~==, Basic realm="x"`}, []authChallenge{{"Negotiate", "YWI+/-._~==", nil}, {"Basic", "", parameters{"realm": "x"}}}},
	{[]string{`Digest realm="d, Bearer realm=\"e\"", qop="auth, auth-int", Bearer error="e", realm="r"`},
		[]authChallenge{{"Digest", "", parameters{"realm": `d, Bearer realm="e"`, "qop": "auth, auth-int"}}, {"Bearer", "", parameters{"error": "e", "realm": "r"}}}},
	{[]string{`Bearer realm="\r\"\\"`}, []authChallenge{{"Bearer", "", parameters{"realm": `r"\`}}}},
	{[]string{`Bearer realm=https://h:1/token?a=b,service=s`}, []authChallenge{{"Bearer", "", parameters{"realm": "https://h:1/token?a=b", "service": "s"}}}},
	{[]string{`Bearer realm="r" service="s" Basic`}, []authChallenge{{"Bearer", "", parameters{"realm": "r", "service": "s"}}, {"Basic", "", parameters{}}}},
	{[]string{`Bearer realm="r",realm="other"`}, []authChallenge{{"Bearer", "", parameters{"realm": "r"}}}},
	{[]string{`,, Bearer ,realm="r",,service="",`}, []authChallenge{{"Bearer", "", parameters{"realm": "r", "service": ""}}}},
	// Malformed fields.
	{[]string{`Bearer service="s",realm="r`}, []authChallenge{{"Bearer", "", parameters{"service": "s"}}}},
	{[]string{`Bearer service="s",realm="r\`}, []authChallenge{{"Bearer", "", parameters{"service": "s"}}}},
	{[]string{`Bearer realm="r";service="s"`, "Basic"}, []authChallenge{{"Bearer", "", parameters{"realm": "r"}}, {"Basic", "", parameters{}}}},
	{[]string{"Bearer realm=\"\x01\",service=\"\xff\""}, []authChallenge{{"Bearer", "", parameters{}}}},
	{[]string{"Bearer realm"}, []authChallenge{{"Bearer", "realm", nil}}},
	{[]string{`"Basic"`, `=`}, nil},
}

func TestParseChallenges(t *testing.T) {
	for _, tt := range parseChallengesTests {
		if got := parseChallenges(tt.fields); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q\n got %q\nwant %q", tt.fields, got, tt.want)
		}
	}
}

// Formatted challenges are parsed correctly by this package and by oras-go.
func FuzzParseChallenges(f *testing.F) {
	for _, tt := range parseChallengesTests {
		f.Add(strings.Join(tt.fields, ","))
	}
	f.Fuzz(func(t *testing.T, field string) {
		for _, c := range parseChallenges([]string{field}) {
			known := parameters{}
			for _, name := range bearerParameters {
				if value, ok := c.parameters[name]; ok {
					known[name] = value
				}
			}
			want := authChallenge{c.scheme, "", known}
			if got := parseChallenges([]string{want.String()}); !reflect.DeepEqual(got, []authChallenge{want}) {
				t.Errorf("%q is printed as %q, and read as %q", want, want.String(), got)
			}
			if chosen, ok := answerable([]authChallenge{want}); ok && chosen.scheme == "Bearer" {
				orasReads(t, chosen)
			}
		}
	})
}

// roundTrip is a function as an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// orasReads lets the auth client parse a challenge, and checks its token request.
func orasReads(t *testing.T, c authChallenge) {
	t.Helper()
	// Not the address, so that no name is looked up.
	service, scope := c.parameters["service"], c.parameters["scope"]
	c.parameters = maps.Clone(c.parameters)
	c.parameters["realm"] = "http://127.0.0.1/token"
	stop := errors.New("stop")
	var asked *http.Request
	client := &auth.Client{Client: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/v2/" {
			return &http.Response{StatusCode: 401, Header: http.Header{challengeField: {c.String()}}, Body: http.NoBody, Request: req}, nil
		}
		asked = req
		return nil, stop
	})}}
	req, err := http.NewRequestWithContext(context.Background(), "GET", "http://127.0.0.1/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(req); !errors.Is(err, stop) {
		t.Fatalf("%q: %v", c.String(), err)
	}
	query := asked.URL.Query()
	var scopes []string
	if scope != "" {
		scopes = auth.CleanScopes(strings.Split(scope, " "))
	}
	if query.Get("service") != service || !slices.Equal(query["scope"], scopes) {
		t.Errorf("of %q oras-go makes %s", c.String(), asked.URL)
	}
}

var challengedTests = []struct {
	name       string
	challenges []string // HOST is the registry
	sent       string   // scheme of the last request
	failure
}{
	{name: "two fields", challenges: []string{"Negotiate", basicChallenge}, sent: "Basic"},
	{name: "two in one field", challenges: []string{`Negotiate, Digest realm="d", ` + basicChallenge}, sent: "Basic"},
	{name: "a token before the password", challenges: []string{basicChallenge, `Bearer realm="http://HOST/token",service="registry"`}, sent: "Bearer"},
	{name: "names in any case", challenges: []string{`BEARER Realm="http://HOST/token",Service="registry"`}, sent: "Bearer"},
	{name: "quoted pairs", challenges: []string{`Bearer realm="http:\/\/HOST\/token",service="r\egistry"`}, sent: "Bearer"},
	{name: "another parameter before realm", challenges: []string{`Bearer error="invalid_token", realm="http://HOST/token",service="registry"`}, sent: "Bearer"},
	{name: "no realm, but Basic", challenges: []string{`Bearer service="registry"`, "Basic"}, sent: "Basic"},
	{name: "no supported scheme", challenges: []string{"Negotiate", `Digest realm="d"`},
		failure: failure{kind: content.ErrDenied, text: "the registry asks for Negotiate, Digest authentication; hocker supports Basic and Bearer"}},
	{name: "no realm", challenges: []string{`Bearer service="registry"`},
		failure: failure{kind: content.ErrDenied, text: "the registry asks for a token but does not name its token service: the Bearer challenge has no realm"}},
	{name: "realm is not a URL", challenges: []string{`Bearer realm="registry?key=hunter2"`},
		failure: failure{kind: content.ErrDenied, text: `the registry names the token service "registry", which is not an http or https URL`}},
	{name: "realm with a password", challenges: []string{`Bearer realm="http://me:hunter2@HOST/token"`},
		failure: failure{kind: content.ErrDenied, text: "the registry asks for a token but does not name its token service: the Bearer challenge has no realm"}},
}

func TestChallenged(t *testing.T) {
	for _, tt := range challengedTests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, pass, ok := r.BasicAuth()
				known := ok && user == "me" && pass == "pass"
				switch {
				case r.URL.Path == "/token" && known && r.URL.Query().Get("service") == "registry":
					io.WriteString(w, `{"token":"t0ken"}`)
				case r.URL.Path != "/token" && (known || r.Header.Get("Authorization") == "Bearer t0ken"):
					hello.ServeHTTP(w, r)
				default:
					for _, c := range tt.challenges {
						w.Header().Add(challengeField, strings.ReplaceAll(c, "HOST", r.Host))
					}
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			_, err := fetchHello(t, static(s.app(t), credential.Credential{Username: "me", Password: "pass"}), s.app(t))
			want := tt.failure
			if want.text != "" {
				want.text = fmt.Sprintf("blob of HOST/org/app@%s: GET http://HOST/v2/org/app/blobs/%s: %s", helloDigest, helloDigest, want.text)
			}
			want.check(t, err, s.host())
			sent := s.header("Authorization")
			if got := sent[len(sent)-1]; !strings.HasPrefix(got, tt.sent) || tt.sent == "" && got != "" {
				t.Errorf("sent %q, want %q", got, tt.sent)
			}
		})
	}
}

// If a registry rejects a token, the error is the rejection and not the challenge.
func TestRefusedToken(t *testing.T) {
	s := startServer(t, challenge(`Bearer error="invalid_token"`))
	_, err := fetchHello(t, static(s.app(t), credential.Credential{Token: "t0ken"}), s.app(t))
	var answer *ResponseError
	if !errors.As(err, &answer) || !answer.Authorized || len(s.asked()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.asked()))
	}
}
