package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/bytecount"
	"hocker/fetcher/credential"
	"hocker/fetcher/image"
	"hocker/fetcher/nix"
	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// fetchCmd is the builder of the fixed-output derivations. It takes everything
// from the derivation.
type fetchCmd struct {
	Kind string `arg:"" enum:"layer,config,manifest" help:"What to fetch: layer, config or manifest."`
}

func (*fetchCmd) Help() string {
	return "Nix runs this as the builder of fetchDockerLayer, fetchDockerConfig and fetchDockerManifest. Everything else comes from the derivation."
}

func (c *fetchCmd) Run(ctx context.Context, p process) error {
	ctx, cancel, err := builderTime(ctx, p)
	if err != nil {
		return err
	}
	defer cancel()
	attributes, err := nix.ReadAttributes(p.getenv)
	if err != nil {
		return err
	}
	b, err := nix.ReadBuilder(attributes)
	if err != nil {
		return err
	}
	roots := &builderRoots{path: p.getenv("NIX_SSL_CERT_FILE")}
	client, err := builderClient(p, b, roots)
	if err != nil {
		return err
	}
	err = c.report(p, b, func(progress fetcher.Progress) (int64, error) { return c.fetch(ctx, client, b, progress) })
	if err != nil && roots.err != nil && isCertificateError(err) {
		err = fmt.Errorf("%w (NIX_SSL_CERT_FILE: %w)", err, roots.err)
	}
	return err
}

// builderTime returns ctx with the time limit in HOCKER_MAX_TIME.
func builderTime(ctx context.Context, p process) (context.Context, context.CancelFunc, error) {
	text := p.getenv("HOCKER_MAX_TIME")
	if text == "" {
		return ctx, func() {}, nil
	}
	limit, err := time.ParseDuration(text)
	if err != nil || limit <= 0 {
		return nil, nil, fmt.Errorf("HOCKER_MAX_TIME is %.40q, expected a time such as 90s, 30m or 2h", text)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &timeError{limit, "HOCKER_MAX_TIME"})
	return ctx, cancel, nil
}

// report reports a fetch to the build log, and its progress to Nix.
func (c *fetchCmd) report(p process, b nix.Builder, fetch func(fetcher.Progress) (int64, error)) error {
	p.sayf("hocker: fetching %s %s of %s", c.Kind, b.Digest, b.Image())
	log := io.Discard
	if p.getenv("NIX_LOG_FD") != "" {
		log = p.stderr
	}
	show := nix.StartProgress(log, b.URL(c.Kind), oneLine(fmt.Sprintf("downloading %s %.12s of %s", c.Kind, b.Digest.Encoded(), b.Image())))
	start := time.Now()
	size, err := fetch(show.Report)
	if err == nil {
		show.Report(size, size)
	}
	show.Stop()
	if err != nil {
		return err
	}
	p.sayf("hocker: %s %s of %s: %s in %.1f s", c.Kind, b.Digest, b.Repository.Familiar(), bytecount.Format(size), time.Since(start).Seconds())
	return nil
}

// fetch writes the requested content to the derivation's output and returns its
// size. It leaves nothing behind on failure: Nix removes the output of a failed
// build, but a builder may also be run by hand.
func (c *fetchCmd) fetch(ctx context.Context, client *fetcher.Client, b nix.Builder, progress fetcher.Progress) (size int64, err error) {
	out, err := os.OpenFile(b.Out, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			os.Remove(b.Out)
		}
	}()
	return fetchContent(ctx, client, c.Kind, b.Repository, ocispec.Descriptor{Digest: b.Digest, Size: b.Size}, out, progress)
}

// fetchContent fetches a layer, config or manifest by its digest and returns
// its size. It checks that a manifest is one.
func fetchContent(ctx context.Context, client *fetcher.Client, kind string, repo reference.Repository, desc ocispec.Descriptor, out *os.File, progress fetcher.Progress) (int64, error) {
	switch kind {
	case "manifest":
		return writeManifest(ctx, client, reference.Reference{Repository: repo, Digest: desc.Digest}, out)
	case "config":
		desc.MediaType = ocispec.MediaTypeImageConfig
	}
	return client.FetchBlob(ctx, repo, desc, out, progress)
}

func writeManifest(ctx context.Context, client *fetcher.Client, ref reference.Reference, out io.Writer) (int64, error) {
	m, err := client.Manifest(ctx, ref)
	if err != nil {
		return 0, err
	}
	if _, err := image.ParseManifest(m.Bytes); err != nil {
		return 0, fmt.Errorf("manifest %s: %w", ref.Digest, err)
	}
	n, err := out.Write(m.Bytes)
	return int64(n), err
}

// builderRoots are the CA roots that Nix trusts for its own downloads. Nix sets
// the variable even if the sandbox lacks the file, so a failure to read it
// matters only once a certificate is refused.
type builderRoots struct {
	path string // or empty
	err  error
}

func (r *builderRoots) read() (pool *x509.CertPool) {
	if r.path != "" {
		pool, r.err = fetcher.ReadRoots(r.path)
	}
	if r.err != nil {
		return nil
	}
	return pool
}

// builderClient makes a builder's client from the derivation's environment.
func builderClient(p process, b nix.Builder, roots *builderRoots) (*fetcher.Client, error) {
	warn := func(line string) { p.sayf("hocker: %s", line) }
	credential, err := b.Credentials(p.getenv, warn)
	if err != nil {
		return nil, err
	}
	mirrors, err := fetcher.ParseMirrors(cmp.Or(p.getenv("HOCKER_MIRRORS"), b.Mirrors))
	if err != nil {
		return nil, fmt.Errorf("HOCKER_MIRRORS: %w", err)
	}
	allowed, err := allowedAddresses(p)
	if err != nil {
		return nil, err
	}
	transport := fetcher.NewTransport(fetcher.TransportOptions{Roots: roots.read, Allow: allowed})
	return &fetcher.Client{
		Credential:     awaitCredential(credential),
		Mirrors:        mirrors,
		Transport:      transport,
		RangeTransport: transport.Separate(),
		UserAgent:      userAgent(),
		MaxBlob:        b.MaxSize,
		Notice:         warn,
	}, nil
}

// awaitCredential stops waiting for a credential when its fetch ends, since the
// file with the credential may be a pipe.
func awaitCredential(find credential.Func) credential.Func {
	return func(ctx context.Context, repo reference.Repository) (credential.Credential, error) {
		return await(ctx, func() (credential.Credential, error) { return find(ctx, repo) })
	}
}
