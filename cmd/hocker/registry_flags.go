package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/bytecount"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// registryFlags are the flags of every command that talks to a registry.
type registryFlags struct {
	Registry string `placeholder:"URI" help:"Registry, such as https://host:5000/v2/ or host:5000 (default: the one in the image's name, else Docker Hub)."`

	credentialFlags
	transferFlags

	CAFile   string `name:"ca-file" placeholder:"PATH" help:"Also trust the CA certificates in this PEM file."`
	Insecure bool   `help:"Do not verify the registry's TLS certificate."`
	Quiet    bool   `short:"q" help:"Print only errors to standard error."`
	Verbose  bool   `short:"v" help:"Print every request to standard error."`
}

// Validate is called by kong.
func (f *registryFlags) Validate() error {
	if f.Quiet && f.Verbose {
		return fmt.Errorf("--quiet and --verbose cannot be used together")
	}
	if err := f.transferFlags.check(); err != nil {
		return err
	}
	return f.credentialFlags.check()
}

// typed returns the audience of secrets if the user typed the images' names:
// the registry of those images, if it is the same for all.
func (f *registryFlags) typed(asked []reference.Registry) (credential.Audience, error) {
	audience, err := f.readFrom(asked)
	if audience.Named == (reference.Registry{}) && len(registryNames(asked)) == 1 {
		audience.Named = asked[0]
	}
	return audience, err
}

// readFrom returns the audience of secrets if the images' names were read from
// a file: the registry in --registry, if there is one.
func (f *registryFlags) readFrom(asked []reference.Registry) (credential.Audience, error) {
	audience := credential.Audience{Asked: asked}
	if f.Registry == "" {
		return audience, nil
	}
	var err error
	if audience.Named, err = reference.ParseRegistry(f.Registry); err != nil {
		return audience, &usageError{err: err}
	}
	return audience, nil
}

// client makes the client for the registries of the images.
func (f *registryFlags) client(ctx context.Context, p process, audience credential.Audience) (*fetcher.Client, error) {
	// The files with credentials and certificates may be pipes, such as <(pass
	// show registry).
	return await(ctx, func() (*fetcher.Client, error) { return f.newClient(p, audience) })
}

func (f *registryFlags) newClient(p process, audience credential.Audience) (*fetcher.Client, error) {
	credential, err := f.credential(p, audience, func(line string) { f.warn(p, line) })
	if err != nil {
		return nil, err
	}
	mirrors, err := f.mirrors(p)
	if err != nil {
		return nil, err
	}
	allowed, err := allowedAddresses(p)
	if err != nil {
		return nil, err
	}
	options := fetcher.TransportOptions{
		Allow:          allowed,
		Insecure:       f.Insecure,
		ConnectTimeout: f.ConnectTimeout,
		AnswerTimeout:  f.AnswerTimeout,
	}
	if f.Insecure {
		f.warn(p, "warning: the registry's certificate is not verified: anyone on the network path can read credentials")
	}
	if f.CAFile != "" {
		roots, err := fetcher.AddRoots(f.CAFile)
		if err != nil {
			return nil, &usageError{err: err}
		}
		options.Roots = func() *x509.CertPool { return roots }
	}
	transport := fetcher.NewTransport(options)
	c := &fetcher.Client{
		Credential:     credential,
		Transport:      transport,
		RangeTransport: transport.Separate(),
		UserAgent:      userAgent(),
		Mirrors:        mirrors,
		Connections:    f.Connections,
		Stall:          f.StallTimeout,
	}
	if !f.Quiet {
		c.Notice = func(line string) { f.warn(p, line) }
	}
	if f.Verbose {
		c.Trace = func(x fetcher.Exchange) { p.sayf("%s", formatExchange(x)) }
	}
	return c, nil
}

// allowedAddresses returns the addresses that every registry may lead to.
func allowedAddresses(p process) ([]netip.Prefix, error) {
	allowed, err := fetcher.ParseAllowedAddresses(p.getenv("HOCKER_ALLOW_ADDRESSES"))
	if err != nil {
		return nil, usagef("HOCKER_ALLOW_ADDRESSES: %w", err)
	}
	return allowed, nil
}

func (f *registryFlags) warn(p process, line string) {
	if !f.Quiet {
		p.sayf("%s", line)
	}
}

func userAgent() string {
	return "hocker/" + strings.Trim(programVersion(), "()")
}

func formatExchange(x fetcher.Exchange) string {
	if x.Err != nil {
		return fmt.Sprintf("%s %s: %v (%s)", x.Method, x.URL, x.Err, x.Duration.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s %s: %d, %s, %s", x.Method, x.URL, x.Status, bytecount.Format(x.Bytes), x.Duration.Round(time.Millisecond))
}
