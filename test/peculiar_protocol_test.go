package test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// protocolPeculiarities are peculiarities of challenges, of registries that hide
// repositories, and of proxies.
var protocolPeculiarities = []peculiarity{
	{name: "an ordinary registry"},
	{name: "Negotiate, then Basic, in two fields", login: me, front: challenging(me, "Negotiate", `Basic realm="x"`)},
	{name: "Negotiate, Digest, Basic in one field", login: me, front: challenging(me, `Negotiate, Digest realm="d", nonce="n", Basic realm="x"`)},
	{name: "Bearer without a realm, then Basic", login: me, front: challenging(me, `Bearer service="s"`, `Basic realm="x"`)},
	{name: "Bearer Realm=, Service=", login: me, front: challenging(me, `Bearer Realm="http://HOST/token",Service="s"`)},
	{name: "quoted pairs", login: me, front: challenging(me, `Bearer realm="http:\/\/HOST\/token",service="\s"`)},
	{name: "error= before realm=", login: me, front: challenging(me, `Bearer error="invalid_token", realm="http://HOST/token", service="s"`)},
	{
		name: "Bearer without a realm", login: me, front: challenging(me, `Bearer service="s"`),
		refused: &refusal{3, "the Bearer challenge has no realm"},
	},
	{
		name: "only Negotiate", login: me, front: challenging(me, "Negotiate"),
		refused: &refusal{3, "asks for Negotiate authentication"},
	},
	{name: "404 without credentials, a challenge at /v2/", login: me, front: hiding(me, http.StatusNotFound)},
	{name: "403 without credentials, a challenge at /v2/", login: me, front: hiding(me, http.StatusForbidden)},
	{
		name: "404 without credentials, and no login", front: hiding(me, http.StatusNotFound),
		refused: &refusal{4, "\nhint: .*if the image is private, log in"},
	},
	{
		name: "404 without credentials, and a login without a host", front: hiding(me, http.StatusNotFound),
		environ: map[string]string{"DOCKER_USER": "me", "DOCKER_PASS": "secret"},
		prepare: func(w *workplace, host string) error {
			_, err := w.output("hocker", "lock", "add", host+"/x:t")
			return err
		},
		commands: map[string][]string{"hocker": {"hocker", "lock", "check"}},
		refused:  &refusal{4, "hint: if the image is private: .*set DOCKER_REGISTRY=127"},
	},
	headRefused(http.StatusNotFound),
	headRefused(http.StatusForbidden),
	headRefused(http.StatusBadRequest),
	headRefused(http.StatusMethodNotAllowed),
	headRefused(http.StatusNotImplemented),
	{
		name: "named as http://HOST:PORT/…",
		commands: map[string][]string{
			"hocker": {"hocker", "image", "--quiet", "http://HOST/x:t", "--out", "OUT"},
			"skopeo": {"skopeo", "copy", "--quiet", "--src-tls-verify=false", "docker://http://HOST/x:t", "oci:OUT:t"},
			"crane":  {"crane", "pull", "http://HOST/x:t", "OUT"},
		},
	},
	{
		name: "named as docker://HOST:PORT/…",
		commands: map[string][]string{
			"hocker": {"hocker", "image", "--quiet", "docker://HOST/x:t", "--out", "OUT"},
			"crane":  {"crane", "pull", "docker://HOST/x:t", "OUT"},
		},
	},
	{
		name: "reachable only through ALL_PROXY", // the registry itself acts as the proxy
		prepare: func(w *workplace, host string) error {
			w.setenv("ALL_PROXY", "http://"+host)
			return nil
		},
		commands: map[string][]string{
			"hocker": {"hocker", "image", "--quiet", "--registry", "http://registry.invalid", "x:t", "--out", "OUT"},
			"skopeo": {"skopeo", "copy", "--quiet", "--src-tls-verify=false", "docker://registry.invalid/x:t", "oci:OUT:t"},
			"crane":  {"crane", "pull", "--insecure", "registry.invalid/x:t", "OUT"},
		},
	},
}

// headRefused is a registry that rejects HEAD, which hocker lock check uses.
func headRefused(status int) peculiarity {
	return peculiarity{
		name: fmt.Sprintf("HEAD gives %d", status),
		front: func(_ string, registry http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					w.WriteHeader(status)
					return
				}
				registry.ServeHTTP(w, r)
			})
		},
		prepare: func(w *workplace, host string) error {
			_, err := w.output("hocker", "lock", "add", host+"/x:t")
			return err
		},
		commands: map[string][]string{
			"hocker": {"hocker", "lock", "check"},
			"skopeo": {"skopeo", "inspect", "--no-tags", "--tls-verify=false", "docker://HOST/x:t"},
			"crane":  {"crane", "digest", "HOST/x:t"},
		},
	}
}

// hiding is a registry that sends a challenge only at /v2/. Without a login, other
// requests get the given status.
func hiding(login string, status int) func(string, http.Handler) http.Handler {
	return func(host string, registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case hasLogin(r, login):
				registry.ServeHTTP(w, r)
			case r.URL.Path == "/v2/":
				challenge(w, host, `Basic realm="x"`)
			default:
				refuse(w, status, "NAME_UNKNOWN")
			}
		})
	}
}

// me is a login that the registries of the table accept.
const me = "me:secret"

// challenging is a registry that accepts a login, or a token from /token for service
// s. Other requests get a 401 with these challenges.
func challenging(login string, challenges ...string) func(string, http.Handler) http.Handler {
	return func(host string, registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/token" && hasLogin(r, login) && r.URL.Query().Get("service") == "s":
				io.WriteString(w, `{"token":"t0ken"}`)
			case r.URL.Path != "/token" && (hasLogin(r, login) || r.Header.Get("Authorization") == "Bearer t0ken"):
				registry.ServeHTTP(w, r)
			default:
				challenge(w, host, challenges...)
			}
		})
	}
}

// challenge responds with a 401. HOST in a challenge stands for the registry's host.
func challenge(w http.ResponseWriter, host string, challenges ...string) {
	for _, c := range challenges {
		w.Header().Add("WWW-Authenticate", strings.ReplaceAll(c, "HOST", host))
	}
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
}

func hasLogin(r *http.Request, login string) bool {
	user, password, ok := r.BasicAuth()
	return ok && user+":"+password == login
}

// refuse responds with an error in the format of the distribution specification.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(`{"errors":[{"code":"` + code + `","message":"` + strings.ToLower(code) + `"}]}`))
}
