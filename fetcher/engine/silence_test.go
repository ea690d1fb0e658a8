package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hocker/fetcher/internal/containerd"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// pipes is a listener whose connections are pipes in memory, which time in a bubble of
// synctest waits for.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return commandAddr("pipe") }

func (p pipes) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servePipes serves an engine, and returns what connects to it. Both end with the test.
func servePipes(t *testing.T, engine http.HandlerFunc) func(context.Context) (net.Conn, error) {
	p := pipes{make(chan net.Conn), make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: engine, Protocols: new(http.Protocols), BaseContext: func(net.Listener) context.Context { return ctx }}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(p)
	t.Cleanup(func() {
		cancel() // a handler that has read nothing does not notice that the client has gone
		server.Close()
		synctest.Wait()
	})
	return p.dial
}

// pause sleeps, unless the client has gone.
func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

const blockOfTest = 64 << 10

// An archive of 2 GB: half an hour and four minutes of silence are allowed.
const silentSize = 2 << 30

var silentTests = []struct {
	name   string
	engine func(w http.ResponseWriter, r *http.Request)
	err    string // prefix; empty: it loads
	after  time.Duration
}{
	{name: "never reads", engine: func(_ http.ResponseWriter, r *http.Request) { pause(r, 24*time.Hour) },
		err: "the container engine at pipe has ", after: 39*time.Minute + 8*time.Second},
	{name: "reads slowly", engine: func(_ http.ResponseWriter, r *http.Request) {
		buffer := make([]byte, blockOfTest)
		for {
			if _, err := io.ReadFull(r.Body, buffer); err != nil {
				return
			}
			pause(r, 35*time.Minute)
		}
	}},
	{name: "unpacks for half an hour", engine: func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		pause(r, 35*time.Minute)
	}},
	{name: "hangs after the last byte", engine: func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		pause(r, 40*time.Minute)
	}, err: "the container engine at pipe has read 1.0 MB of the image, and then given no sign of life for 39m8s", after: 39*time.Minute + 8*time.Second},
	{name: "tells of its progress for hours", engine: func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for range 10 {
			io.WriteString(w, `{"status":"Loading layer"}`)
			w.(http.Flusher).Flush()
			pause(r, 35*time.Minute)
		}
	}},
	{name: "hangs in its answer", engine: func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"status":"Loading layer"}`)
		w.(http.Flusher).Flush()
		pause(r, 40*time.Minute)
	}, err: "the container engine at pipe has read 1.0 MB of the image, and then given no sign of life for 39m8s", after: 39*time.Minute + 8*time.Second},
}

// A load has no time limit while bytes flow or the engine may be unpacking, and ends if
// the engine hangs.
func TestSilentLoad(t *testing.T) {
	for _, tt := range silentTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := httpClient(Endpoint{Host: "pipe"}, socketURL, servePipes(t, tt.engine))
				defer c.http.CloseIdleConnections()
				image := imageOf(func(w io.Writer) error {
					_, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(zeros{}, 1<<20), make([]byte, blockOfTest))
					return err
				})
				image.Config.Size = silentSize
				start := time.Now()
				_, err := c.load(t.Context(), &image, false, nil, Progress{})
				checkSilence(t, err, tt.err, time.Since(start), tt.after)
			})
		})
	}
}

// checkSilence checks that a silent engine is noticed when it must be.
func checkSilence(t *testing.T, err error, want string, took, after time.Duration) {
	t.Helper()
	switch {
	case want == "" && err == nil:
	case want == "" || err == nil || !strings.HasPrefix(err.Error(), want):
		t.Errorf("got %v, want %s", err, want)
	case !errors.Is(err, ErrUnavailable) || !errors.As(err, new(*SilentError)):
		t.Errorf("%T does not match ErrUnavailable and SilentError", err)
	case took != after:
		t.Errorf("after %s, want %s", took, after)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A short request may take minutes, not for ever.
func TestSilentRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		took time.Duration
		err  string
	}{
		"slow":  {4 * time.Minute, ""},
		"hangs": {6 * time.Minute, "the container engine at pipe has given no sign of life for 5m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := httpClient(Endpoint{Host: "pipe"}, socketURL, servePipes(t, func(w http.ResponseWriter, r *http.Request) {
					pause(r, tt.took)
					io.WriteString(w, `{"Id":"`+idA.String()+`"}`)
				}))
				defer c.http.CloseIdleConnections()
				start := time.Now()
				_, err := c.inspect(t.Context(), "x")
				checkSilence(t, err, tt.err, time.Since(start), silence)
			})
		})
	}
}

// The caller's cause ends a request as before.
func TestSilentInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := httpClient(Endpoint{Host: "pipe"}, socketURL, servePipes(t, func(_ http.ResponseWriter, r *http.Request) { pause(r, time.Hour) }))
		defer c.http.CloseIdleConnections()
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(interrupted) })
		if _, err := c.inspect(ctx, "x"); !errors.Is(err, interrupted) {
			t.Errorf("got %v", err)
		}
	})
}

// containerd may take long to unpack a layer, too.
func TestSilentContainerd(t *testing.T) {
	for name, tt := range map[string]struct {
		took time.Duration
		err  string
	}{
		"slow":  {38 * time.Minute, ""},
		"hangs": {40 * time.Minute, "the container engine at pipe has given no sign of life for 39m8s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := servePipes(t, func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					if strings.HasSuffix(r.URL.Path, "/Apply") {
						pause(r, tt.took)
					}
					answerEmpty(w)
				})
				c := &Containerd{host: "pipe", client: containerd.NewClient(dial, "default")}
				defer c.Close()
				ctx, w := c.watch(t.Context(), silentSize)
				defer w.stop()
				start := time.Now()
				_, err := c.client.Apply(ctx, ocispec.Descriptor{Digest: digest.FromString("a")}, nil)
				checkSilence(t, c.explain(err, 0), tt.err, time.Since(start), 39*time.Minute+8*time.Second)
			})
		})
	}
}

// answerEmpty answers a call with an empty message.
func answerEmpty(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Write(binary.BigEndian.AppendUint32([]byte{0}, 0))
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}
