package test

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// protocolPeculiarities are those of challenges, of registries that hide, and of
// what stands between.
var protocolPeculiarities = []peculiarity{
	{name: "nothing peculiar"},
	{
		name: "Basic challenge", login: "me:secret",
		front: challenging("me:secret", `Basic realm="x"`),
	},
}

// challenging is a registry that gives everything to a login, and to others a
// 401 with these WWW-Authenticate headers.
func challenging(login string, challenges ...string) func(string, http.Handler) http.Handler {
	return func(host string, registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if hasLogin(r, login) {
				registry.ServeHTTP(w, r)
				return
			}
			challenge(w, host, challenges...)
		})
	}
}

// challenge answers with a 401. HOST in a challenge is the registry's.
func challenge(w http.ResponseWriter, host string, challenges ...string) {
	for _, c := range challenges {
		w.Header().Add("WWW-Authenticate", strings.ReplaceAll(c, "HOST", host))
	}
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED")
}

func hasLogin(r *http.Request, login string) bool {
	return r.Header.Get("Authorization") == "Basic "+base64.StdEncoding.EncodeToString([]byte(login))
}

// refuse answers with an error in the registries' form.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(`{"errors":[{"code":"` + code + `","message":"` + strings.ToLower(code) + `"}]}`))
}
