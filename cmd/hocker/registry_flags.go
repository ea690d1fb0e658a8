package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"hocker/fetcher"
	"hocker/fetcher/bytecount"
)

// registryFlags are those of every command that talks to a registry.
type registryFlags struct {
	Registry string `placeholder:"URI" help:"Registry's address, as https://host:5000/v2/ or host:5000 (default: the image name's host, else Docker Hub)."`

	credentialFlags
	transferFlags

	CAFile   string `name:"ca-file" placeholder:"PATH" help:"Trust the CA certificates in this PEM file too."`
	Insecure bool   `help:"Do not check the registry's TLS certificate."`
	Quiet    bool   `short:"q" help:"Print nothing but errors to standard error."`
	Verbose  bool   `short:"v" help:"Print each request to standard error."`
}

// Validate is called by kong.
func (f *registryFlags) Validate() error {
	if f.Quiet && f.Verbose {
		return fmt.Errorf("--quiet and --verbose exclude each other")
	}
	if err := f.transferFlags.check(); err != nil {
		return err
	}
	return f.credentialFlags.check()
}

// secretRegistry is the registry that a user name, a password or a token is
// for, of those that are asked: the one of --registry, or the only one there is.
// Nobody else gets it.
func (f *registryFlags) secretRegistry(p process, asked []fetcher.Registry) (fetcher.Registry, error) {
	if f.Registry != "" {
		registry, err := fetcher.ParseRegistry(f.Registry)
		if err != nil {
			return fetcher.Registry{}, &usageError{err: err}
		}
		return registry, nil
	}
	var registry fetcher.Registry
	var names []string
	for _, registry = range asked {
		if !slices.Contains(names, registry.Name()) {
			names = append(names, registry.Name())
		}
	}
	if len(names) < 2 {
		return registry, nil
	}
	if f.Username != "" || f.Token != "" || f.CredentialsFile != "" || p.getenv("DOCKER_TOKEN") != "" || p.getenv("DOCKER_USER") != "" {
		return fetcher.Registry{}, usagef("the images are in %d registries, %s and others: say with --registry which one the credentials are for", len(names), names[0])
	}
	return fetcher.Registry{}, nil
}

// client makes the client for the registry of an image.
func (f *registryFlags) client(ctx context.Context, p process, registry fetcher.Registry) (*fetcher.Client, error) {
	// The files with credentials and certificates may be pipes, as <(pass show
	// registry) makes them.
	return await(ctx, func() (*fetcher.Client, error) { return f.newClient(p, registry) })
}

func (f *registryFlags) newClient(p process, registry fetcher.Registry) (*fetcher.Client, error) {
	credential, err := f.credential(p, registry, func(line string) { f.warn(p, line) })
	if err != nil {
		return nil, err
	}
	mirrors, err := f.mirrors(p)
	if err != nil {
		return nil, err
	}
	options := fetcher.TransportOptions{
		Insecure:       f.Insecure,
		ConnectTimeout: f.ConnectTimeout,
		AnswerTimeout:  f.AnswerTimeout,
	}
	if f.Insecure {
		f.warn(p, "warning: the registry's certificate is not checked: anybody on the way can read credentials")
	}
	if f.CAFile != "" {
		roots, err := fetcher.AddRoots(f.CAFile)
		if err != nil {
			return nil, &usageError{err: err}
		}
		options.Roots = func() *x509.CertPool { return roots }
	}
	c := &fetcher.Client{
		Credential:  awaitCredential(credential),
		Transport:   fetcher.NewTransport(options),
		UserAgent:   userAgent(),
		Mirrors:     mirrors,
		Connections: f.Connections,
		Stall:       f.StallTimeout,
	}
	if !f.Quiet {
		c.Notice = func(line string) { f.warn(p, line) }
	}
	if f.Verbose {
		c.Trace = func(x fetcher.Exchange) { fmt.Fprintln(p.stderr, formatExchange(x)) }
	}
	return c, nil
}

// awaitCredential gives up on a credential when its fetch is over: the file may
// be a pipe, and a credential helper may leave a child behind that keeps its
// output open.
func awaitCredential(find fetcher.CredentialFunc) fetcher.CredentialFunc {
	return func(ctx context.Context, repo fetcher.Repository) (fetcher.Credential, error) {
		return await(ctx, func() (fetcher.Credential, error) { return find(ctx, repo) })
	}
}

func (f *registryFlags) warn(p process, line string) {
	if !f.Quiet {
		fmt.Fprintf(p.stderr, "%s\n", oneLine(line))
	}
}

func userAgent() string {
	return "hocker/" + strings.Trim(programVersion(), "()")
}

func formatExchange(x fetcher.Exchange) string {
	if x.Err != nil {
		return fmt.Sprintf("%s %s: %s (%s)", x.Method, x.URL, oneLine(x.Err.Error()), x.Duration.Round(time.Millisecond))
	}
	return fmt.Sprintf("%s %s: %d, %s, %s", x.Method, x.URL, x.Status, bytecount.Format(x.Bytes), x.Duration.Round(time.Millisecond))
}
