package fetcher

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"hocker/fetcher/credential"
)

// record collects notices and exchanges.
type record struct {
	mu        sync.Mutex
	exchanges []Exchange
	notices   []string
}

func (r *record) listen(c *Client) {
	c.Trace = func(x Exchange) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.exchanges = append(r.exchanges, x)
	}
	c.Notice = func(line string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notices = append(r.notices, line)
	}
}

// lines prints the exchanges, with HOST for a server's name and port.
func (r *record) lines(hosts ...string) []string {
	var lines []string
	for _, x := range r.exchanges {
		line := fmt.Sprintf("%s %s %d %d", x.Method, x.URL, x.Status, x.Bytes)
		for _, host := range hosts {
			line = strings.ReplaceAll(line, host, "HOST")
		}
		lines = append(lines, line)
	}
	return lines
}

// The fetch uses a password, a token and a signature. The trace shows none of them,
// and each request once.
func TestTrace(t *testing.T) {
	storage := startServer(t, inTurn(answer{status: 503, body: "come back"}, hello))
	mux := http.NewServeMux()
	s := startServer(t, mux)
	mux.Handle("/token", answer{body: `{"token":"hunter2"}`})
	mux.Handle("/v2/", needs("Bearer hunter2", `Bearer realm="`+s.URL+`/token?key=hunter2",service="registry"`, redirect(storage.URL+"/blob?sig=hunter2")))

	c := static(s.app(t), credential.Credential{Username: "me", Password: "hunter2"})
	var told record
	told.listen(c)
	if _, err := fetchHello(t, c, s.app(t)); err != nil {
		t.Fatal(err)
	}
	blob := "GET http://HOST/v2/org/app/blobs/" + string(helloDigest)
	want := []string{
		blob + " 401 72",
		"GET http://HOST/token 200 19",
		blob + " 307 0",
		"GET http://HOST/blob 503 9",
		"GET http://HOST/blob 200 5",
	}
	if got := told.lines(s.host(), storage.host()); !slices.Equal(got, want) {
		t.Errorf("exchanges\n got %q\nwant %q", got, want)
	}
	if want := []string{storage.host() + ": 503 Service Unavailable, trying again in 0.0 s (1)"}; !slices.Equal(told.notices, want) {
		t.Errorf("notices\n got %q\nwant %q", told.notices, want)
	}
	for _, secret := range []string{"hunter2", basic("me:hunter2"), "sig=", "key="} {
		if all := fmt.Sprintf("%+v %q", told.exchanges, told.notices); strings.Contains(all, secret) {
			t.Errorf("%q is shown: %s", secret, all)
		}
	}
}

func TestTraceFailure(t *testing.T) {
	s := startServer(t, redirect("http://127.0.0.1:1/blob?sig=hunter2"))
	var told record
	c := &Client{}
	told.listen(c)
	if _, err := fetchHello(t, c, s.app(t)); err == nil {
		t.Fatal("no error")
	}
	if len(told.exchanges) != 2+defaultRetryPolicy.attempts || len(told.notices) != defaultRetryPolicy.attempts {
		t.Errorf("got %d exchanges and notices %q", len(told.exchanges), told.notices)
	}
	for _, x := range told.exchanges[1:] {
		if x.URL != "http://127.0.0.1:1/blob" || x.Err == nil || x.Status != 0 {
			t.Errorf("got %+v", x)
		}
	}
	if all := fmt.Sprintf("%+v %q", told.exchanges, told.notices); strings.Contains(all, "hunter2") {
		t.Errorf("a secret is shown: %s", all)
	}
}

// A body that is closed twice counts as one exchange.
func TestTraceOnce(t *testing.T) {
	var told record
	var c Client
	told.listen(&c)
	transport := tracing(&wire{pieces: []piece{{body: "hello"}}}, c.Trace)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://me:hunter2@host/path?sig=hunter2#x", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Read(make([]byte, 3))
	resp.Body.Close()
	resp.Body.Close()
	if got := told.lines(); !slices.Equal(got, []string{"GET https://host/path 200 3"}) {
		t.Errorf("got exchanges %q", got)
	}
}
