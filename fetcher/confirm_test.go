package fetcher

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"hocker/fetcher/reference"
)

var confirmTests = []struct {
	name     string
	registry http.Handler // nil: it cannot be reached
	want     string       // content
	notice   string       // HOST is the mirror, UPSTREAM the registry
	mirrored bool
	asked    int // requests to the registry, of two fetches
}{
	{name: "the same", registry: digestOf("hello"), want: "hello", asked: 2},
	{
		name: "another", registry: digestOf("wrong"), want: "wrong", asked: 4,
		notice: "mirror HOST skipped: its 1 is " + string(helloDigest) + ", the registry's is " + string(wrongDigest),
	},
	{
		name: "it states no digest", registry: hello, want: "hello", mirrored: true, asked: 2,
		notice: "UPSTREAM/org/app:1: the digest is the word of the mirror HOST alone: UPSTREAM states no digest",
	},
	{
		name: "access denied", registry: answer{status: 403}, want: "hello", mirrored: true, asked: 2,
		notice: "UPSTREAM/org/app:1: the digest is the word of the mirror HOST alone: HEAD http://UPSTREAM/v2/org/app/manifests/1: 403 Forbidden",
	},
	{
		name: "it hangs up, and is not asked again", registry: hangUp, want: "hello", mirrored: true, asked: 1,
		notice: "UPSTREAM/org/app:1: the digest is the word of the mirror HOST alone: HEAD http://UPSTREAM/v2/org/app/manifests/1: EOF",
	},
	{
		name: "it does not respond", want: "hello", mirrored: true,
		notice: "UPSTREAM/org/app:1: the digest is the word of the mirror HOST alone: HEAD http://UPSTREAM/v2/org/app/manifests/1: dial tcp UPSTREAM: connect: connection refused",
	},
}

// digestOf is a registry that has content under every tag.
func digestOf(body string) answer {
	d := map[string]string{"hello": string(helloDigest), "wrong": string(wrongDigest)}[body]
	return answer{body: body, header: map[string]string{"Docker-Content-Digest": d}}
}

// The answer of a mirror for a tag is compared with the registry's digest.
func TestConfirm(t *testing.T) {
	for _, tt := range confirmTests {
		t.Run(tt.name, func(t *testing.T) {
			mirror, registry := startServer(t, digestOf("hello")), startServer(t, tt.registry)
			repo, upstream := registry.app(t), registry.host()
			if tt.registry == nil {
				repo = refusing(t)
				upstream = repo.Registry.Host
			}
			var told record
			c := &Client{Mirrors: []Mirror{{"*", mirror.app(t).Registry}}}
			told.listen(c)
			ref := reference.Reference{Repository: repo, Tag: "1"}
			for range 2 {
				m, err := c.Manifest(t.Context(), ref)
				if err != nil || string(m.Bytes) != tt.want {
					t.Errorf("got %q, %v", m.Bytes, err)
				}
			}
			if got := c.Mirrored(ref) == mirror.host(); got != tt.mirrored {
				t.Errorf("Mirrored is %q", c.Mirrored(ref))
			}
			for _, notice := range told.notices {
				if got := strings.NewReplacer(mirror.host(), "HOST", upstream, "UPSTREAM").Replace(notice); got != tt.notice {
					t.Errorf("notice\n got: %s\nwant: %s", got, tt.notice)
				}
			}
			if len(told.notices) == 0 && tt.notice != "" {
				t.Errorf("no notice, want %s", tt.notice)
			}
			if len(registry.asked()) != tt.asked {
				t.Errorf("%d requests to the registry, want %d", len(registry.asked()), tt.asked)
			}
		})
	}
}

// With a digest, the mirror's content is verified, and the registry is not asked.
func TestNothingToConfirm(t *testing.T) {
	mirror, registry := startServer(t, hello), startServer(t, hangUp)
	c := &Client{Mirrors: []Mirror{{"*", mirror.app(t).Registry}}}
	ref := reference.Reference{Repository: registry.app(t), Tag: "1", Digest: helloDigest}
	if _, err := c.Manifest(t.Context(), ref); err != nil || len(registry.asked()) != 0 || c.Mirrored(ref) != "" {
		t.Errorf("%v, %d requests", err, len(registry.asked()))
	}
}

// A command that is interrupted while the registry is asked does not believe the mirror.
func TestConfirmInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	mirror := startServer(t, digestOf("hello"))
	registry := startServer(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		interrupt(interrupted)
		<-req.Context().Done()
	}))
	c := &Client{Mirrors: []Mirror{{"*", mirror.app(t).Registry}}}
	m, err := c.Manifest(ctx, reference.Reference{Repository: registry.app(t), Tag: "1"})
	if !errors.Is(err, interrupted) {
		t.Errorf("got %q, %v", m.Bytes, err)
	}
}
