package fetcher

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"hocker/fetcher/content"
)

// unhidingTransport is for registries that hide private repositories: they answer
// anonymous requests with 404 or 403, and send a challenge only for /v2/. If the
// client has a credential, this transport requests /v2/ and returns its challenge,
// so that the auth client above retries with the credential.
type unhidingTransport struct {
	http.RoundTripper
	root  string // URL of the registry, ending in /v2/; other servers are left alone
	known *hiding
}

// hiding caches the challenge of a registry.
type hiding struct {
	mu        sync.Mutex
	asked     bool
	challenge string // for /v2/; empty if the registry hides nothing
}

func (t *unhidingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil || !t.mayHide(resp, req) {
		return resp, err
	}
	challenge, err := t.challenge(req)
	if err != nil || challenge == "" {
		return resp, nil // the first response is the better error
	}
	resp.StatusCode, resp.Status = http.StatusUnauthorized, ""
	resp.Header.Set(challengeField, challenge)
	return resp, nil
}

// mayHide reports whether the registry may respond differently to a request with a
// credential.
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

// challenge returns the challenge of the registry for /v2/.
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
		// An unsupported challenge stays unsupported.
		t.known.asked = errors.As(err, new(*ChallengeError))
		return "", err
	}
	resp.Body.Close()
	t.known.asked = !errors.Is(statusKind(resp.StatusCode), content.ErrUnavailable)
	if resp.StatusCode == http.StatusUnauthorized {
		t.known.challenge = resp.Header.Get(challengeField)
	}
	return t.known.challenge, nil
}
