package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/internal/transfer"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// blobSource opens a blob at any offset, from a mirror or from its registry. After
// a redirect it requests the target directly, until the target refuses.
type blobSource struct {
	client *Client
	repo   reference.Repository
	desc   ocispec.Descriptor

	mu        sync.Mutex
	left      []reference.Repository // mirrors left to try, then the registry
	asked     map[int64]bool         // offsets requested from left[0]
	drips     int                    // how often left[0] sent hardly anything
	used      []reference.Repository // repositories that sent content
	target    *url.URL               // of the last redirect, or nil
	validator string                 // for If-Range; empty if the server sends none
	size      int64                  // as first stated, or SizeUnknown
	noRanges  bool                   // a range request had a wrong response
	mayLack   bool                   // it is no notice that a mirror does not have it
}

// identity asks for the bytes as they are stored. A Content-Encoding would change
// the bytes that are hashed.
var identity = http.Header{"Accept-Encoding": {"identity"}}

// newBlobSource returns an error for a malformed digest, before it gets into a URL,
// and for a config that is too large.
func (c *Client) newBlobSource(repo reference.Repository, desc ocispec.Descriptor) (*blobSource, error) {
	c.setup.Do(c.init)
	if _, err := reference.ParseDigest(string(desc.Digest)); err != nil {
		return nil, err
	}
	if err := exceeds(desc, c.limit(desc), desc.Size); err != nil {
		return nil, err
	}
	return &blobSource{
		client: c, repo: repo, desc: desc, left: c.mirrors.candidates(repo, desc.Digest),
		asked: map[int64]bool{}, size: knownSize(desc),
	}, nil
}

// Open implements transfer.Source.
func (s *blobSource) Open(ctx context.Context, offset, end int64) (*transfer.Stream, error) {
	for {
		repo, more, idle := s.next(offset)
		if more && idle != nil {
			s.leave(repo, idle)
			continue
		}
		stream, err := s.open(ctx, repo, offset, end, more || s.begun())
		if err == nil {
			return stream, nil
		}
		if !more || ctx.Err() != nil {
			return nil, err
		}
		s.leave(repo, err)
	}
}

// begun reports whether content was received. From then on the transfer retries
// by itself.
func (s *blobSource) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.used) > 0
}

// A mirror is left after it has sent less than minProgress for maxDrips times.
const (
	minProgress = 64 << 10
	maxDrips    = 3
)

// next returns the repository to request from, and whether others remain after it. idle is
// not nil if it sent nothing when the same offset was requested before, or hardly anything
// several times.
func (s *blobSource) next(offset int64) (repo reference.Repository, more bool, idle error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for asked := range s.asked {
		if asked < offset && offset-asked < minProgress {
			s.drips++
			break
		}
	}
	switch {
	case s.asked[offset]:
		idle = fmt.Errorf("nothing received from byte %d", offset)
	case s.drips >= maxDrips:
		idle = fmt.Errorf("hardly anything received before byte %d", offset)
	}
	s.asked[offset] = true
	return s.left[0], len(s.left) > 1, idle
}

// leave skips a mirror for the rest of the transfer.
func (s *blobSource) leave(repo reference.Repository, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left[0] == repo {
		s.left = s.left[1:]
		s.target, s.validator, s.noRanges = nil, "", false
		clear(s.asked)
		s.drips = 0
		if !s.mayLack || !errors.Is(err, content.ErrNotFound) {
			s.client.mirrors.skip(repo, err)
		}
	}
}

// distrust records that the content was wrong. It reports whether a mirror sent
// part of it: another attempt without that mirror may succeed.
func (s *blobSource) distrust() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mirrored := false
	for _, repo := range s.used {
		if repo.Registry != s.repo.Registry {
			s.client.mirrors.distrust(repo.Registry, s.desc.Digest)
			mirrored = true
		}
	}
	return mirrored
}

// open makes one attempt. With once, it does not retry requests.
func (s *blobSource) open(ctx context.Context, repo reference.Repository, offset, end int64, once bool) (*transfer.Stream, error) {
	resp, err := s.get(ctx, repo, s.request(offset, end, once))
	if isEnd(err, offset) {
		return &transfer.Stream{Body: http.NoBody, Offset: offset, Size: offset, Ranges: true}, s.checkSize(offset)
	}
	if err != nil {
		return nil, err
	}
	stream, err := s.stream(resp, offset)
	if err == nil && stream.Size == content.SizeUnknown && s.statedSize() == content.SizeUnknown {
		stream.Size = s.measure(ctx, repo)
		err = s.checkSize(stream.Size)
	}
	if err == nil {
		s.remember(repo, resp, stream.Size)
		return stream, nil
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent {
		return nil, err
	}
	// A request without a range may succeed.
	s.mu.Lock()
	s.noRanges = true
	s.mu.Unlock()
	stream, openErr := s.open(ctx, repo, offset, end, once)
	if openErr == nil || mayPass(openErr) {
		return stream, openErr
	}
	return nil, err
}

// isEnd reports whether an error means that the content ends at offset.
func isEnd(err error, offset int64) bool {
	var answer *ResponseError
	return errors.As(err, &answer) && answer.Status == http.StatusRequestedRangeNotSatisfiable &&
		answer.ContentRange == fmt.Sprintf("bytes */%d", offset)
}

// request returns a request for the content from offset up to end.
func (s *blobSource) request(offset, end int64, once bool) request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := request{header: identity.Clone(), content: true, once: once}
	if !s.noRanges && (offset > 0 || end != transfer.SizeUnknown) {
		r.ranged = true
		r.header.Set("Range", byteRange(offset, end))
		if s.validator != "" {
			r.header.Set("If-Range", s.validator)
		}
	}
	return r
}

// host returns the host that the content comes from.
func (s *blobSource) host() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target != nil {
		return s.target.Host
	}
	return s.left[0].Registry.Host
}

func (s *blobSource) remember(repo reference.Repository, resp *http.Response, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left[0] != repo {
		return // skipped in the meantime
	}
	if !slices.Contains(s.used, repo) {
		s.used = append(s.used, repo)
	}
	if s.size == content.SizeUnknown {
		s.size = size
	}
	if resp.Request.Response != nil {
		s.target = resp.Request.URL
	}
	// If-Range does not allow weak validators.
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		s.validator = tag
	}
}

// forget drops a redirect target, so that the next request goes to the registry.
// The next target may have other validators.
func (s *blobSource) forget(target *url.URL) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target == target {
		s.target, s.validator = nil, ""
	}
}

// get sends a request to the target of an earlier redirect. Without one, or if it
// has expired, get sends it to the registry.
func (s *blobSource) get(ctx context.Context, repo reference.Repository, r request) (*http.Response, error) {
	s.mu.Lock()
	target := s.target
	s.mu.Unlock()
	if target != nil {
		r.url, r.registry = target.String(), repo.Registry
		resp, err := s.client.sendAnonymous(ctx, r)
		if err == nil || ctx.Err() != nil {
			return resp, err
		}
		s.forget(target)
		r.header.Del("If-Range") // it belongs to the target
	}
	if image.IsForeign(s.desc) {
		r.registry = repo.Registry
		return s.client.getForeign(ctx, s.desc, r)
	}
	resp, err := s.client.ask(ctx, repo, "/blobs/"+s.desc.Digest.String(), r)
	if isExpired(err) {
		return s.client.ask(ctx, repo, "/blobs/"+s.desc.Digest.String(), r)
	}
	return resp, err
}

// isExpired reports whether the target of a redirect may have expired during retries.
func isExpired(err error) bool {
	var answer *ResponseError
	return errors.As(err, &answer) && answer.Redirected && answer.Status == http.StatusForbidden
}

// stream returns the content of a response with status 200 or 206.
func (s *blobSource) stream(resp *http.Response, offset int64) (*transfer.Stream, error) {
	stream := &transfer.Stream{
		Body:   resp.Body,
		Size:   resp.ContentLength,
		Ranges: resp.Header.Get("Accept-Ranges") == "bytes",
	}
	if resp.StatusCode == http.StatusPartialContent {
		var err error
		if stream.Offset, stream.Size, err = parseContentRange(resp.Header.Get("Content-Range")); err != nil {
			return nil, &refusedError{err}
		}
		stream.Ranges = true
	}
	if stream.Offset > offset {
		return nil, &refusedError{fmt.Errorf("the server starts at byte %d instead of %d", stream.Offset, offset)}
	}
	if stream.Size != content.SizeUnknown && stream.Size < offset {
		return nil, &content.VerifyError{Want: s.desc.Digest, Read: offset, Size: stream.Size}
	}
	return stream, s.checkSize(stream.Size)
}

// checkSize compares the size that a response states with the size in the
// manifest, or else with the limit and with the size stated first.
func (s *blobSource) checkSize(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.client.limit(s.desc).Limit && s.desc.Size <= 0 {
		return s.client.limit(s.desc)
	}
	if s.size < 0 || size < 0 || size == s.size {
		return nil
	}
	mismatch := &content.VerifyError{Want: s.desc.Digest, Read: size, Size: s.size}
	if s.desc.Size > 0 {
		return fmt.Errorf("the registry offers %d bytes, the manifest says %d: %w", size, s.size, mismatch)
	}
	return fmt.Errorf("the registry offers %d bytes, previously %d: %w", size, s.size, mismatch)
}

// statedSize returns the expected size, or SizeUnknown.
func (s *blobSource) statedSize() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// measure asks a registry for the size of a blob that it sends without one. It
// returns SizeUnknown if the registry does not say.
func (s *blobSource) measure(ctx context.Context, repo reference.Repository) int64 {
	if image.IsForeign(s.desc) {
		return content.SizeUnknown
	}
	resp, err := s.client.ask(ctx, repo, "/blobs/"+s.desc.Digest.String(), request{method: http.MethodHead, header: identity, once: true})
	if err != nil {
		return content.SizeUnknown
	}
	defer resp.Body.Close()
	if resp.ContentLength <= 0 { // some servers answer 0 if they do not know it
		return content.SizeUnknown
	}
	return resp.ContentLength
}
