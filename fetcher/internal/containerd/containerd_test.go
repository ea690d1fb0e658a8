package containerd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hocker/fetcher/internal/protobuf"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// answering returns a client of a fake containerd that answers each request of a call
// with the next message and then ends the call without an error. A real one does not
// answer like this.
func answering(t *testing.T, messages ...protobuf.Message) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		for _, m := range messages {
			var head [5]byte
			if _, err := io.ReadFull(r.Body, head[:]); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, r.Body, int64(binary.BigEndian.Uint32(head[1:]))); err != nil {
				return
			}
			w.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))), m...))
			w.(http.Flusher).Flush()
		}
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	c := NewClient(func(context.Context) (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }, "default")
	t.Cleanup(c.Close)
	return c
}

// at returns a response to a write with an offset.
func at(offset int64) protobuf.Message {
	var m protobuf.Message
	m.Int(4, offset)
	return m
}

// A write fails if its offset differs from that of the content store.
func TestWriter(t *testing.T) {
	blob := ocispec.Descriptor{Digest: digest.FromString("hello"), Size: 5}
	for _, tt := range []struct {
		name    string
		answers []protobuf.Message
		err     string // after "blob DIGEST: ", if it starts with a colon
	}{
		{name: "right", answers: []protobuf.Message{at(0), at(5), at(5)}},
		{name: "resumed", answers: []protobuf.Message{at(2), at(5), at(5)}},
		{name: "beyond its end", answers: []protobuf.Message{at(6)}, err: ": the content store has 6 bytes of 5"},
		{name: "before its start", answers: []protobuf.Message{at(-1)}, err: ": the content store has -1 bytes of 5"},
		{name: "lost bytes", answers: []protobuf.Message{at(0), at(4)}, err: ": the content store is at byte 4, not 5"},
		{name: "broken message", answers: []protobuf.Message{{0x08}}, err: "protobuf: the message is truncated"},
		{name: "ended at once", err: "containerd ended the write of a blob before it was complete"},
		{name: "ended before the commit", answers: []protobuf.Message{at(0), at(5)}, err: "containerd ended the write of a blob before it was complete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := writeAll(t.Context(), answering(t, tt.answers...), blob, []byte("hello"))
			want := tt.err
			if strings.HasPrefix(want, ":") {
				want = "blob " + blob.Digest.String() + want
			}
			if err == nil && want != "" || err != nil && err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func writeAll(ctx context.Context, c *Client, blob ocispec.Descriptor, data []byte) error {
	w, err := c.NewWriter(ctx, "ref", blob)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := io.Copy(w, bytes.NewReader(data[w.Offset:])); err != nil {
		return err
	}
	return w.Commit()
}

// Responses with malformed messages are errors.
func TestBrokenResponses(t *testing.T) {
	var broken protobuf.Message
	broken.Message(1, protobuf.Message{0x08})
	for name, call := range map[string]func(*Client) error{
		"Image": func(c *Client) error { _, err := c.Image(t.Context(), "x"); return err },
		"Host":  func(c *Client) error { _, err := c.Host(t.Context()); return err },
		"NamespaceSnapshotter": func(c *Client) error {
			_, err := c.NamespaceSnapshotter(t.Context(), "x")
			return err
		},
		"Written": func(c *Client) error { _, _, err := c.Written(t.Context(), "x"); return err },
		"Apply": func(c *Client) error {
			_, err := c.Apply(t.Context(), ocispec.Descriptor{}, nil)
			return err
		},
	} {
		if err := call(answering(t, broken)); err == nil || err.Error() != "protobuf: the message is truncated" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A description of something else than what was asked for is no answer.
func TestOtherName(t *testing.T) {
	var info, other protobuf.Message
	info.String(1, "other")
	other.Message(1, info)
	d := digest.FromString("a")
	for name, call := range map[string]func(*Client) (any, error){
		images + "Get: asked for x":                 func(c *Client) (any, error) { return c.Image(t.Context(), "x") },
		content + "Info: asked for " + d.String():   func(c *Client) (any, error) { return c.HasContent(t.Context(), d) },
		snapshots + "Stat: asked for " + d.String(): func(c *Client) (any, error) { return c.HasSnapshot(t.Context(), "overlayfs", d.String()) },
	} {
		got, err := call(answering(t, other))
		if want := name + `, containerd describes "other"`; err == nil || err.Error() != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}

func TestLabelMask(t *testing.T) {
	got, err := protobuf.Parse(labelMask(map[string]string{"b": "2", "a": "1"}, "target"))
	if err != nil {
		t.Fatal(err)
	}
	if paths := bytes.Join(got.Repeated(1), []byte(" ")); string(paths) != "target labels.a labels.b" {
		t.Errorf("got %s", paths)
	}
}

var errDown = errors.New("down")

func TestUnreachable(t *testing.T) {
	c := NewClient(func(context.Context) (net.Conn, error) { return nil, errDown }, "default")
	if _, err := c.Version(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
}
