package servers

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// wear counts the uses of a service's tokens, and replaces a token that was used too
// often with an expired one. Thus the response is the registry's own, and comes at the
// same request on every machine.
type wear struct {
	mu     sync.Mutex
	tokens map[string]*worn
}

// worn is a token that is valid for a number of requests.
type worn struct {
	left    int
	expired string // the same token, an hour too old
}

// sign makes a token, and an expired copy if uses are limited.
func (s *TokenService) sign(username string, access []accessEntry) (string, error) {
	token, err := s.signer.sign(username, s.Service(), access, tokenLifetime)
	if err != nil || s.options.Uses == 0 || mayPush(access) {
		return token, err
	}
	expired, err := s.signer.sign(username, s.Service(), access, -time.Hour)
	if err != nil {
		return "", err
	}
	s.wear.mu.Lock()
	defer s.wear.mu.Unlock()
	if s.wear.tokens == nil {
		s.wear.tokens = map[string]*worn{}
	}
	s.wear.tokens[token] = &worn{left: s.options.Uses, expired: expired}
	return token, nil
}

// mayPush reports whether a token allows more than pulling.
func mayPush(access []accessEntry) bool {
	for _, entry := range access {
		for _, action := range entry.Actions {
			if action != "pull" {
				return true
			}
		}
	}
	return false
}

// use counts a use of a token and returns the token for the registry.
func (w *wear) use(token string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.tokens[token]
	switch {
	case known == nil:
		return token
	case known.left == 0:
		return known.expired
	}
	known.left--
	return token
}

// wearTokens counts the uses of the registry's tokens.
func (r *Registry) wearTokens(next http.Handler) http.Handler {
	if r.Tokens == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok {
			req.Header.Set("Authorization", "Bearer "+r.Tokens.wear.use(token))
		}
		next.ServeHTTP(w, req)
	})
}
