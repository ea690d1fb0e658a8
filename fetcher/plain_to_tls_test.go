package fetcher_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hocker/fetcher"
	"hocker/fetcher/reference"
)

// Only an https server's response to plain http sets PlainToTLS.
func TestPlainToTLS(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		want       bool
	}{
		{"nginx", "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>", 400, true},
		{"Apache", "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />", 400, true},
		{"Tomcat", "Bad Request\r\nThis combination of host and port requires TLS.\r\n", 400, true},
		{"a registry's error", `{"errors":[{"code":"TAG_INVALID","message":"no such tag here"}]}`, 400, false},
		{"nothing", "", 400, false},
		{"another status", "The plain HTTP request was sent to HTTPS port", 404, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			io.WriteString(w, tt.body)
		}))
		if got := askPlain(t, server.Listener.Addr().String()); got.PlainToTLS != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got.PlainToTLS, tt.want)
		}
		server.Close()
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if got := askPlain(t, server.Listener.Addr().String()); !got.PlainToTLS {
		t.Errorf("net/http: %v", got)
	}
}

// askPlain sends a plain http request and returns the error response.
func askPlain(t *testing.T, addr string) *fetcher.ResponseError {
	t.Helper()
	ref, err := reference.Parse(strings.Replace(addr, "127.0.0.1", "localhost", 1) + "/app:1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&fetcher.Client{}).Manifest(context.Background(), ref)
	var answer *fetcher.ResponseError
	if !errors.As(err, &answer) {
		t.Fatalf("got %v, want an answer", err)
	}
	return answer
}
