package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stored is the content of the registry's only blob.
var stored = []byte(strings.Repeat("0123456789", 10_000))

// tests request the blob once. Zero values mean status 200 and the stored content,
// read to its end.
var tests = []struct {
	fault   string
	ask     string // Range
	status  int
	header  map[string]string
	length  int64  // -1: not announced; 0: that of the stored content
	content string // the received content
	broken  error  // the error of reading
}{
	{fault: "cut after=7", content: "0123456", broken: io.ErrUnexpectedEOF},
	{fault: "reset after=7", content: "0123456", broken: syscall.ECONNRESET},
	{fault: "stall after=7", content: "0123456", broken: errStalled},
	{fault: "truncate after=7", content: "0123456", broken: io.ErrUnexpectedEOF},
	{fault: "hang", status: -1, broken: errStalled},
	{fault: "hangup", status: -1, broken: io.EOF},
	{fault: "slow max=10000000", content: string(stored)},
	{fault: "garbage after=100", status: -1},
	{fault: "busy max=0 retry-after=3", status: 429, header: map[string]string{"Retry-After": "3"}},
	{fault: "quota max=0 retry-after=1", status: 429, header: map[string]string{"Retry-After": "1"}},
	{fault: "quota max=1", content: string(stored)},
	{fault: "pulls max=0", status: 429, header: map[string]string{"Ratelimit-Limit": "0;w=21600", "Ratelimit-Remaining": "0;w=21600"}},
	{fault: "pulls max=3", header: map[string]string{"Ratelimit-Remaining": "2;w=21600"}, content: string(stored)},
	{fault: "status code=503", status: 503},
	{fault: "redirect", status: 307},
	{fault: "loop", status: 307, header: map[string]string{"Location": "/v2/org/app/blobs/DIGEST"}},
	{fault: "chunked", length: -1, content: string(stored)},
	{fault: "headers after=3", header: map[string]string{"X-Padding": "xxx"}, content: string(stored)},
	{fault: "overrun after=100", content: string(stored)},
	{fault: "short after=7", length: 7, content: "0123456"},
	{fault: "long after=3", length: 100_003, content: string(stored) + "   "},
	{fault: "endless path=/blobs/", length: -1, broken: errStalled},
	{fault: "corrupt after=2", content: "0133" + string(stored[4:])},
	{fault: "changed", ask: "bytes=0-3", status: 206, length: 4, content: "1032"},
	{fault: "gzip", length: -2, header: map[string]string{"Content-Encoding": "gzip"}},
	{fault: "label", header: map[string]string{"Content-Encoding": "gzip"}, content: string(stored)},
	{fault: "no-ranges", ask: "bytes=3-5", header: map[string]string{"Accept-Ranges": ""}, content: string(stored)},
	{fault: "false-ranges", ask: "bytes=3-5", header: map[string]string{"Accept-Ranges": "bytes"}, content: string(stored)},
	{fault: "other-range after=2", ask: "bytes=3-5", status: 206, length: 5, header: map[string]string{"Content-Range": "bytes 1-5/100000"}, content: "12345"},
	{fault: "lying-range after=2", ask: "bytes=3-5", status: 206, length: 5, header: map[string]string{"Content-Range": "bytes 3-5/100000"}, content: "12345"},
	{fault: "bad-range", ask: "bytes=3-5", status: 206, length: 3, header: map[string]string{"Content-Range": "items one to ten"}, content: "345"},
	{fault: "wrong-size after=1", ask: "bytes=3-5", status: 206, length: 3, header: map[string]string{"Content-Range": "bytes 3-5/100001"}, content: "345"},
}

// errStalled is the error of a client that gave up waiting.
var errStalled = errors.New("stalled")

func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			r := New()
			d := r.AddBlob(stored)
			r.Add(tt.fault)
			s, err := Serve(r)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			seen[strings.Fields(tt.fault)[0]] = true
			req, err := http.NewRequest("GET", "http://"+s.Host()+"/v2/org/app/blobs/"+string(d), nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.ask != "" {
				req.Header.Set("Range", tt.ask)
			}
			transport := &http.Transport{DisableCompression: true}
			defer transport.CloseIdleConnections()
			if tt.status == -1 && tt.broken == errStalled {
				go func() { // close the server once it has the request, which it never answers
					for len(r.Requests()) == 0 {
						time.Sleep(time.Millisecond)
					}
					s.server.Close()
				}()
			}
			resp, err := transport.RoundTrip(req)
			if tt.status == -1 {
				if err == nil || tt.broken != nil && tt.broken != errStalled && !errors.Is(err, tt.broken) {
					t.Errorf("got %v, want %v", err, tt.broken)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if want := max(tt.status, 200); resp.StatusCode != want {
				t.Errorf("status %d, want %d", resp.StatusCode, want)
			}
			for key, value := range tt.header {
				if got := resp.Header.Get(key); got != strings.ReplaceAll(value, "DIGEST", string(d)) {
					t.Errorf("%s: %q, want %q", key, got, value)
				}
			}
			if resp.StatusCode >= 300 {
				return
			}
			if want := tt.length; want != -2 && resp.ContentLength != want && (want != 0 || resp.ContentLength != int64(len(stored))) {
				t.Errorf("length %d, want %d", resp.ContentLength, want)
			}
			var came io.Reader = resp.Body
			if tt.broken == errStalled { // read what arrives before the stall
				start := make([]byte, max(len(tt.content), 1))
				n, err := io.ReadFull(resp.Body, start)
				if err != nil {
					t.Fatal(err)
				}
				s.server.Close()
				came = io.MultiReader(bytes.NewReader(start[:n]), resp.Body)
			}
			body, err := io.ReadAll(came)
			if tt.content != "" && string(body) != tt.content {
				t.Errorf("got %d bytes: %.20q, want %.20q", len(body), body, tt.content)
			}
			if (err == nil) != (tt.broken == nil) || tt.broken != errStalled && !errors.Is(err, tt.broken) {
				t.Errorf("ended with %v, want %v", err, tt.broken)
			}
		})
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

// A redirect works until its signature expires.
func TestRedirect(t *testing.T) {
	r := New()
	d := r.AddBlob(stored)
	r.Add("redirect max=1")
	s, err := Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	resp, err := http.Get("http://" + s.Host() + "/v2/org/app/blobs/" + string(d))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Equal(body, stored) {
		t.Errorf("got %d bytes: %v", len(body), err)
	}
	if resp, err = http.Get(resp.Request.URL.String()); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("again: %v, %v", resp, err)
	}
}

// A fault applies to some of several requests.
func TestMeets(t *testing.T) {
	for text, want := range map[string]string{
		"hang":                    "b b R b",
		"hang skip=1 times=2":     "- b R -",
		"hang ranged":             "- - R -",
		"hang path=/manifests/":   "- - - -",
		"hang path=blobs times=1": "b - - -",
	} {
		r := New()
		r.Add(text)
		got := ""
		for _, sort := range []string{"b", "b", "R", "b"} {
			req, err := http.NewRequest("GET", "http://host/v2/org/app/blobs/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			if sort == "R" {
				req.Header.Set("Range", "bytes=1-")
			}
			if !r.faults[0].meets(req) {
				sort = "-"
			}
			got += " " + sort
		}
		if got[1:] != want {
			t.Errorf("%s: got %s, want %s", text, got[1:], want)
		}
	}
}

func TestParse(t *testing.T) {
	got, err := Parse("status path=/token skip=1 times=2 ranged after=3 code=503 retry-after=4 to=http://x max=5")
	want := Fault{Name: "status", Path: "/token", Skip: 1, Times: 2, Ranged: true, After: 3, Code: 503, RetryAfter: "4", To: "http://x", Max: 5}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"", "slip", "cut after=x", "cut maybe"} {
		if f, err := Parse(text); err == nil {
			t.Errorf("%q: %+v", text, f)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	if got := retryAfter("7"); got != "7" {
		t.Errorf("got %s", got)
	}
	date, err := http.ParseTime(retryAfter("now+1h"))
	if in := time.Until(date); err != nil || in < 59*time.Minute || in > time.Hour {
		t.Errorf("in %s: %v", in, err)
	}
}

// A token lasts for the given number of requests, for clients with the account.
func TestAuth(t *testing.T) {
	r := New()
	r.Auth = &Auth{Username: "me", Password: "hunter2", Uses: 1}
	d := r.AddBlob(stored)
	s, err := Serve(r)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(path string, how func(*http.Request)) int {
		req, err := http.NewRequest("GET", "http://"+s.Host()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		how(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	anonymous := func(*http.Request) {}
	login := func(req *http.Request) { req.SetBasicAuth("me", "hunter2") }
	bearer := func(req *http.Request) { req.Header.Set("Authorization", "Bearer token-1") }
	blob := "/v2/org/app/blobs/" + string(d)
	got := fmt.Sprint(ask(blob, anonymous), ask("/token", anonymous), ask("/token", login), ask(blob, bearer), ask(blob, bearer))
	if want := "401 401 200 200 401"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var lines []string
	for _, request := range r.Requests() {
		lines = append(lines, request.String())
	}
	if want := fmt.Sprintf("GET %s 401 auth=Bearer range=- host=%s", blob, s.Host()); lines[4] != want {
		t.Errorf("got %s, want %s", lines[4], want)
	}
}

func TestSilent(t *testing.T) {
	s, err := NewSilent()
	if err != nil {
		t.Fatal(err)
	}
	asked := func(httptrace.WroteRequestInfo) { s.Close() }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: asked})
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.Host(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Errorf("got %s", resp.Status)
	}
}
