package fetcher

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"hocker/fetcher/content"
)

// unhidingTransport is for registries that hide what one may not see: they answer
// 404 or 403 to who shows nothing, and ask for credentials at /v2/ alone. With a
// credential at hand, /v2/ is asked then, and its challenge taken for the answer,
// so that the auth client above tries again with the credential.
type unhidingTransport struct {
	http.RoundTripper
	root  string // of the registry, ending in /v2/: others' answers stay as they are
	known *hiding
}

// hiding is what is known of a registry. It is asked once.
type hiding struct {
	mu        sync.Mutex
	asked     bool
	challenge string // of /v2/; empty for one that hides nothing
}

func (t *unhidingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil || !t.mayHide(resp, req) {
		return resp, err
	}
	challenge, err := t.challenge(req)
	if err != nil || challenge == "" {
		return resp, nil // there is nothing better to say
	}
	resp.StatusCode, resp.Status = http.StatusUnauthorized, ""
	resp.Header.Set(challengeField, challenge)
	return resp, nil
}

// mayHide reports whether an answer of the registry itself may be another one to
// who shows a credential.
func (t *unhidingTransport) mayHide(resp *http.Response, req *http.Request) bool {
	if req.Header.Get("Authorization") != "" || req.Response != nil || !strings.HasPrefix(req.URL.String(), t.root) {
		return false
	}
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusForbidden:
		return true
	case http.StatusUnauthorized:
		return resp.Header.Get(challengeField) == ""
	}
	return false
}

// challenge is what the registry asks for at /v2/.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
func (t *unhidingTransport) challenge(req *http.Request) (string, error) {
	t.known.mu.Lock()
	defer t.known.mu.Unlock()
	if t.known.asked {
		return t.known.challenge, nil
	}
	ping, err := http.NewRequestWithContext(req.Context(), http.MethodGet, t.root, nil)
	if err != nil {
		return "", err
	}
	ping.Header.Set("User-Agent", req.UserAgent())
	resp, err := t.RoundTripper.RoundTrip(ping)
	if err != nil {
		// One that asks for what nobody can answer does so for good.
		t.known.asked = errors.As(err, new(*ChallengeError))
		return "", err
	}
	resp.Body.Close()
	t.known.asked = statusKind(resp.StatusCode) != content.ErrUnavailable
	if resp.StatusCode == http.StatusUnauthorized {
		t.known.challenge = resp.Header.Get(challengeField)
	}
	return t.known.challenge, nil
}
