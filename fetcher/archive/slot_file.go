package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"hocker/fetcher/atomicfile"
	"hocker/fetcher/content"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// WriteArchive writes the image to f, which must be empty. The archive is the
// one that [Composition.WriteArchive] writes to a stream, except that the
// layers come first: the size of an unpacked layer is known only at its end.
// Layers are written concurrently, each at its offset. A layer whose offset is
// still unknown is first written to a temporary file beside f.
//
// Errors: those of the source, *[content.VerifyError].
func (e *Export) WriteArchive(ctx context.Context, f *os.File) error {
	layers, err := e.layers()
	if err != nil {
		return err
	}
	written := distinct(layers)
	placed := placement{layoutNaming, written, e.guessSizes(ctx, written), e.Jobs, e.fetch}
	end, err := placed.write(ctx, f)
	if err != nil {
		return err
	}
	t, err := e.tables(finish(layers))
	if err != nil {
		return err
	}
	tail := newWriter(io.NewOffsetWriter(f, end))
	tail.blob(t.config.Digest, e.Config)
	tail.tables(&t)
	return tail.close()
}

// placement writes layers at their offsets in an archive.
type placement struct {
	names  naming
	layers []*exportLayer
	sizes  []int64 // assumed, or SizeUnknown
	jobs   int
	// put writes a layer in its final form and records its size.
	put func(ctx context.Context, layer *exportLayer, to place) error
}

// write writes the start of the archive and the layers, and returns the offset
// of their end. After a wrong guess it starts again without guesses.
func (p *placement) write(ctx context.Context, f *os.File) (end int64, err error) {
	end, err = p.try(ctx, f)
	if !errors.Is(err, errWrongGuess) {
		return end, err
	}
	for i, layer := range p.layers {
		p.sizes[i] = content.SizeUnknown
		layer.to.Size = content.SizeUnknown
	}
	if err := f.Truncate(0); err != nil {
		return 0, err
	}
	return p.try(ctx, f)
}

func (p *placement) try(ctx context.Context, f *os.File) (end int64, err error) {
	a, err := newSlotFile(f, p)
	if err != nil {
		return 0, err
	}
	defer a.discard()
	err = eachLayer(ctx, p.jobs, len(p.layers),
		func(ctx context.Context, i int) error {
			return a.receive(i, func(to place) error { return p.put(ctx, p.layers[i], to) })
		},
		a.place)
	return a.slots[len(p.layers)].offset, err
}

// tables returns the tables of the exported image.
func (e *Export) tables(layers []ocispec.Descriptor) (tables, error) {
	if e.Compressed {
		return tablesOf(e.Reference, e.Image.OwnMediaType(), e.Image.Bytes, e.Image.Image)
	}
	config := e.Image.Image.Config
	config.MediaType = ocispec.MediaTypeImageConfig
	return newTables(e.Reference, config, layers)
}

// slotFile is an archive whose layers are written in any order. The offset of a
// layer is known once the sizes of all layers before it are.
type slotFile struct {
	file *os.File
	// writing is held while layers are written. The kernel serializes writes to
	// one file, and a blocked writer would hold a core that could unpack.
	writing sync.Mutex

	mu    sync.Mutex
	slots []*slot
}

// slot is the place of a layer in a slotFile.
type slot struct {
	name   func(digest.Digest) string // of the layer in the archive
	layer  *exportLayer
	size   int64         // of the content, or SizeUnknown
	spare  *os.File      // holds the content until offset is known, or nil
	known  chan struct{} // closed once offset is known
	offset int64         // of the header
}

// newSlotFile writes the start of the archive.
func newSlotFile(f *os.File, p *placement) (*slotFile, error) {
	var start bytes.Buffer
	head := newWriter(&start)
	head.directories(p.names)
	if head.err != nil {
		return nil, head.err
	}
	if _, err := f.WriteAt(start.Bytes(), 0); err != nil {
		return nil, err
	}
	a := &slotFile{file: f}
	for i, layer := range p.layers {
		a.slots = append(a.slots, &slot{name: p.names.layer, layer: layer, size: p.sizes[i], known: make(chan struct{})})
	}
	// One more slot, for what follows the layers.
	a.slots = append(a.slots, &slot{size: content.SizeUnknown, known: make(chan struct{})})
	a.slots[0].offset = int64(start.Len())
	close(a.slots[0].known)
	return a, a.settle()
}

// header returns the tar header of the slot's layer. In the GNU format its
// length does not depend on the size, so content can be written before its size
// is known.
func (s *slot) header() ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: s.name(s.layer.to.Digest), Mode: 0o644,
		Size: max(s.size, 0), ModTime: epoch, Format: tar.FormatGNU,
	})
	return b.Bytes(), err
}

func (s *slot) isKnown() bool {
	select {
	case <-s.known:
		return true
	default:
		return false
	}
}

// received records the size of slot i.
func (a *slotFile) received(i int, size int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slots[i]
	if s.size != content.SizeUnknown && s.size != size {
		return errWrongGuess
	}
	s.size = size
	return a.settle()
}

// settle computes the offsets that follow from the sizes known so far.
func (a *slotFile) settle() error {
	for i, s := range a.slots[:len(a.slots)-1] {
		next := a.slots[i+1]
		if s.size == content.SizeUnknown || !s.isKnown() {
			return nil
		}
		if next.isKnown() {
			continue
		}
		header, err := s.header()
		if err != nil {
			return err
		}
		next.offset = s.offset + int64(len(header)) + padded(s.size)
		close(next.known)
	}
	return nil
}

// padded returns the space that content of this size takes in a tar archive.
func padded(size int64) int64 { return (size + 511) &^ 511 }

// receive has fetch write the content of slot i at its offset if that is known,
// else to a spare file.
func (a *slotFile) receive(i int, fetch func(place) error) error {
	s := a.slots[i]
	if s.isKnown() {
		header, err := s.header()
		if err != nil {
			return err
		}
		if err := fetch(&filePart{a.file, &a.writing, s.offset + int64(len(header)), s.size}); err != nil {
			return err
		}
		return a.received(i, s.layer.to.Size)
	}
	spare, err := atomicfile.CreateNameless(filepath.Dir(a.file.Name()))
	if err != nil {
		return err
	}
	s.spare = spare
	if err := fetch(wholeFile(spare)); err != nil {
		return err
	}
	return a.received(i, s.layer.to.Size)
}

// filePart is a part of a file.
type filePart struct {
	*os.File
	writing *sync.Mutex // of the file
	offset  int64
	size    int64 // or SizeUnknown for no limit
}

func wholeFile(f *os.File) *filePart {
	return &filePart{f, new(sync.Mutex), 0, content.SizeUnknown}
}

// WriteAt refuses to write beyond the part, where another layer begins.
func (p *filePart) WriteAt(b []byte, at int64) (int, error) {
	if p.size != content.SizeUnknown && at+int64(len(b)) > p.size {
		return 0, errWrongGuess
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.File.WriteAt(b, p.offset+at)
}

func (p *filePart) ReadAt(b []byte, at int64) (int, error) { return p.File.ReadAt(b, p.offset+at) }
func (p *filePart) spare() (*os.File, error) {
	return atomicfile.CreateNameless(filepath.Dir(p.File.Name()))
}

// place waits until the offset of slot i is known and writes the header there.
// If the content is in a spare file, place copies it too.
func (a *slotFile) place(ctx context.Context, i int) error {
	s := a.slots[i]
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.known:
	}
	header, err := s.header()
	if err != nil {
		return err
	}
	if _, err := a.file.WriteAt(header, s.offset); err != nil {
		return err
	}
	if s.spare == nil {
		return nil
	}
	return a.copySpare(ctx, s.spare, s.offset+int64(len(header)))
}

// copyPiece is how many bytes the kernel copies at a time. Nothing can
// interrupt such a copy.
const copyPiece = 64 << 20

// copySpare copies a spare file to offset. It opens the archive again and
// writes at the file position: only then does the kernel do the copying.
func (a *slotFile) copySpare(ctx context.Context, spare *os.File, offset int64) error {
	if _, err := spare.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := os.OpenFile(a.file.Name(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	for ctx.Err() == nil {
		switch _, err := io.CopyN(out, spare, copyPiece); err {
		case nil:
		case io.EOF:
			return spare.Close()
		default:
			return err
		}
	}
	return context.Cause(ctx)
}

func (a *slotFile) discard() {
	for _, s := range a.slots {
		if s.spare != nil {
			s.spare.Close()
		}
	}
}
