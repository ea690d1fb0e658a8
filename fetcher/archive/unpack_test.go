package archive

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"hocker/fetcher/content"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
)

var detectCompressionTests = []struct {
	name      string
	start     string
	want      Compression
	mediaType string
}{
	{name: "gzip", start: "\x1f\x8b\x08\x00", want: Gzip, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip"},
	{name: "zstd", start: "\x28\xb5\x2f\xfd", want: Zstd, mediaType: "application/vnd.oci.image.layer.v1.tar+zstd"},
	{name: "tar", start: "etc/", want: Uncompressed, mediaType: "application/vnd.oci.image.layer.v1.tar"},
	{name: "empty tar", start: "\x00\x00\x00\x00", want: Uncompressed, mediaType: "application/vnd.oci.image.layer.v1.tar"},
	{name: "nothing", start: "", want: Uncompressed, mediaType: "application/vnd.oci.image.layer.v1.tar"},
	{name: "part of gzip's magic", start: "\x1f", want: Uncompressed, mediaType: "application/vnd.oci.image.layer.v1.tar"},
	{name: "part of zstd's magic", start: "\x28\xb5\x2f", want: Uncompressed, mediaType: "application/vnd.oci.image.layer.v1.tar"},
}

func TestDetectCompression(t *testing.T) {
	for _, tt := range detectCompressionTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := DetectCompression([]byte(tt.start)); got != tt.want || got.MediaType() != tt.mediaType {
				t.Errorf("got %d, %s, want %d, %s", got, got.MediaType(), tt.want, tt.mediaType)
			}
		})
	}
}

// gzipped compresses each string as a gzip member.
func gzipped(members ...string) string {
	var b bytes.Buffer
	for _, data := range members {
		z := gzip.NewWriter(&b)
		io.WriteString(z, data)
		z.Close()
	}
	return b.String()
}

// zstdFrame returns data as a zstd frame of one raw block:
// https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
func zstdFrame(data string) string {
	block := len(data)<<3 | 1
	return string(zstdMagic) + "\x20" + string([]byte{byte(len(data)), byte(block), byte(block >> 8), byte(block >> 16)}) + data
}

// windowedFrame returns data as a zstd frame of one raw block, with a window of
// 1 KiB << exponent: https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2
func windowedFrame(exponent byte, data string) string {
	block := len(data)<<3 | 1
	return string(zstdMagic) + "\x00" + string([]byte{exponent << 3, byte(block), byte(block >> 8), byte(block >> 16)}) + data
}

const tarContent = "content of a tar archive"

var unpackTests = []struct {
	name   string
	packed string
	diffID digest.Digest // empty means that of tarContent
	err    string        // prefix; empty for no error
	verify bool          // the error is a *fetcher.VerifyError
}{
	{name: "not compressed", packed: tarContent},
	{name: "gzip", packed: gzipped(tarContent)},
	{name: "gzip with two members", packed: gzipped(tarContent[:5], tarContent[5:])},
	{name: "zstd", packed: zstdFrame(tarContent)},
	{name: "zstd with two frames", packed: zstdFrame(tarContent[:5]) + zstdFrame(tarContent[5:])},
	{name: "empty", packed: "", diffID: digest.FromString("")},
	{name: "short", packed: "\x1f", diffID: digest.FromString("\x1f")},
	{name: "gzip of empty content", packed: gzipped(""), diffID: digest.FromString("")},
	{name: "sha512", packed: gzipped(tarContent), diffID: digest.SHA512.FromString(tarContent)},
	// pzstd writes a skippable frame first, which is zstd too:
	// https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2
	{name: "zstd after a skippable frame", packed: "\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + zstdFrame(tarContent)},

	{name: "zstd with a window of 128 MiB", packed: windowedFrame(17, tarContent)},
	{name: "gzip with trailing zeros", packed: gzipped(tarContent) + strings.Repeat("\x00", 10000)},

	{name: "zstd with a window of 256 MiB", packed: windowedFrame(18, tarContent), err: "unpacking: zstd: the window is larger than 128 MiB, the limit of zstd without --long"},
	{name: "gzip with trailing data", packed: gzipped(tarContent) + "x", err: "unpacking: gzip: trailing data is neither gzip nor zeros"},
	{name: "another content", packed: gzipped("wrong"), err: "unpacking: content does not match its digest: want ", verify: true},
	{name: "compressed twice", packed: gzipped(gzipped(tarContent)), err: "unpacking: content does not match its digest: want ", verify: true},
	{name: "xz", packed: "\xfd7zXZ\x00\x00\x04", err: "unpacking: the layer is compressed with xz, expected gzip, zstd or a plain tar archive"},
	{name: "bzip2", packed: "BZh91AY&SY", err: "unpacking: the layer is compressed with bzip2"},
	{name: "lz4", packed: "\x04\x22\x4d\x18xxxxx", err: "unpacking: the layer is compressed with lz4"},
	{name: "a tar archive with the magic of bzip2", packed: "BZh", diffID: digest.FromString("BZh")},
	{name: "truncated gzip", packed: gzipped(tarContent)[:20], err: "unpacking: unexpected EOF"},
	{name: "gzip without its trailer", packed: strings.TrimSuffix(gzipped(tarContent), gzipped(tarContent)[len(gzipped(tarContent))-4:]), err: "unpacking: unexpected EOF"},
	{name: "gzip magic only", packed: "\x1f\x8bxxxxxxxxxxxxxx", err: "unpacking: gzip: "},
	{name: "wrong checksum", packed: gzipped(tarContent)[:len(gzipped(tarContent))-8] + "12345678", err: "unpacking: "},
	{name: "truncated zstd", packed: zstdFrame(tarContent)[:20], err: "unpacking: unexpected EOF"},
}

func TestUnpackTo(t *testing.T) {
	for _, tt := range unpackTests {
		t.Run(tt.name, func(t *testing.T) {
			diffID := tt.diffID
			if diffID == "" {
				diffID = digest.FromString(tarContent)
			}
			var b strings.Builder
			n, err := UnpackTo(&b, iotest.OneByteReader(strings.NewReader(tt.packed)), diffID, unlimited)
			var mismatch *content.VerifyError
			switch {
			case tt.err == "" && (err != nil || n != int64(b.Len()) || diffID.Algorithm().FromString(b.String()) != diffID):
				t.Errorf("got %d bytes %q, %v", n, b.String(), err)
			case tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err) || errors.As(err, &mismatch) != tt.verify):
				t.Errorf("got %v, want %s…", err, tt.err)
			}
		})
	}
}

// The error of a broken transfer takes precedence over that of the truncated
// data. The transfer is read to its end, so that it is verified.
func TestUnpackToBrokenTransfer(t *testing.T) {
	broken := errors.New("connection lost")
	for _, packed := range []string{"", "\x1f", gzipped(tarContent)[:15], gzipped(tarContent), zstdFrame(tarContent), tarContent, "\x1f\x8bxxxxxxxxxxxx"} {
		src := io.MultiReader(strings.NewReader(packed), iotest.ErrReader(broken))
		if _, err := UnpackTo(io.Discard, src, digest.FromString(tarContent), unlimited); err != broken {
			t.Errorf("%q: got %v, want %v", packed, err, broken)
		}
	}
	rest := strings.NewReader(gzipped("wrong") + strings.Repeat("\x00", 1<<20))
	if _, err := UnpackTo(io.Discard, rest, digest.FromString(tarContent), unlimited); err == nil || rest.Len() != 0 {
		t.Errorf("%d bytes of the transfer were not read, %v", rest.Len(), err)
	}
}

// fullDisk accepts room bytes.
type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestUnpackToFullDisk(t *testing.T) {
	data := strings.Repeat("layer", 1<<20)
	for name, packed := range map[string]string{"tar": data, "gzip": gzipped(data)} {
		t.Run(name, func(t *testing.T) {
			n, err := UnpackTo(&fullDisk{3 << 20}, strings.NewReader(packed), digest.FromString(data), unlimited)
			if n > 3<<20 || err != errFull {
				t.Errorf("%d bytes, %v, want the writer's own error", n, err)
			}
		})
	}
}

// FuzzUnpackTo: without an error, the content has the diff ID. Compressed
// content unpacks to itself.
func FuzzUnpackTo(f *testing.F) {
	for _, tt := range unpackTests {
		f.Add([]byte(tt.packed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		var b bytes.Buffer
		if _, err := UnpackTo(&b, bytes.NewReader(data), digest.FromString(tarContent), unlimited); err == nil && b.String() != tarContent {
			t.Errorf("%q unpacks to %q, which was accepted as %q", data, b.Bytes(), tarContent)
		}
		packed := []string{gzipped(string(data))}
		if len(data) < 256 {
			packed = append(packed, zstdFrame(string(data)))
		}
		for _, p := range packed {
			b.Reset()
			if _, err := UnpackTo(&b, strings.NewReader(p), digest.FromBytes(data), unlimited); err != nil || !slices.Equal(b.Bytes(), data) {
				t.Errorf("%q, compressed to %q, unpacks to %q, %v", data, p, b.Bytes(), err)
			}
		}
	})
}

const unlimited = math.MaxInt64

// A layer that unpacks to more than its limit ends there, whatever its compression.
func TestUnpackLimit(t *testing.T) {
	zeros := make([]byte, 8<<20)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	for name, packed := range map[string][]byte{"gzip": []byte(gzipped(string(zeros))), "zstd": encoder.EncodeAll(zeros, nil), "plain": zeros} {
		for limit, ok := range map[int64]bool{1 << 20: false, 8<<20 - 1: false, 8 << 20: true} {
			var written counter
			_, err := UnpackTo(&written, bytes.NewReader(packed), digest.FromBytes(zeros), limit)
			var tooLarge *content.LimitError
			if ok && err != nil || !ok && (!errors.As(err, &tooLarge) || tooLarge.Limit != limit) {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
			if int64(written) > limit {
				t.Errorf("%s: %d bytes were written, the limit is %d", name, written, limit)
			}
		}
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestUnpackLimits(t *testing.T) {
	for _, tt := range []struct{ packed, most, want int64 }{
		{1000, 0, 1 << 30}, {100 << 20, 0, 10000 << 20}, {100 << 20, 5, 5}, {0, 0, 1 << 30}, {math.MaxInt64, 0, math.MaxInt64 / 100 * 100},
	} {
		if got := UnpackLimit(tt.packed, tt.most); got != tt.want {
			t.Errorf("UnpackLimit(%d, %d) is %d, want %d", tt.packed, tt.most, got, tt.want)
		}
	}
}
