package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"hocker/fetcher"
)

// registryFlags are those of every command that talks to a registry.
type registryFlags struct {
	Registry string `placeholder:"URI" help:"Registry's address, as https://host:5000/v2/ or host:5000 (default: the image name's host, else Docker Hub)."`

	Username        string `short:"u" placeholder:"NAME" help:"User name for basic authentication or the registry's token service."`
	Password        string `short:"p" placeholder:"PASSWORD" help:"Password. Others can see it in the process list: --password-stdin is better."`
	PasswordStdin   bool   `help:"Read the password from standard input."`
	Token           string `short:"t" placeholder:"TOKEN" help:"Bearer token, sent as it is."`
	CredentialsFile string `short:"f" aliases:"credential-file" placeholder:"PATH" help:"File with USERNAME= and PASSWORD= lines, or BEARER_TOKEN=, or a Docker config.json."`

	CAFile   string `name:"ca-file" placeholder:"PATH" help:"Trust the CA certificates in this PEM file too."`
	Insecure bool   `help:"Do not check the registry's TLS certificate."`
	Quiet    bool   `short:"q" help:"Print nothing but errors to standard error."`
	Verbose  bool   `short:"v" help:"Print each request to standard error."`
}

// Validate is called by kong: credentials are given in one way, and whole.
func (f *registryFlags) Validate() error {
	ways := 0
	for _, given := range []bool{f.Username != "" || f.Password != "" || f.PasswordStdin, f.Token != "", f.CredentialsFile != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return fmt.Errorf("--username with --password, --token and --credentials-file exclude each other: give one of them")
	case f.Password != "" && f.PasswordStdin:
		return fmt.Errorf("--password and --password-stdin exclude each other")
	case f.Username == "" && (f.Password != "" || f.PasswordStdin):
		return fmt.Errorf("a password needs --username")
	case f.Username != "" && f.Password == "" && !f.PasswordStdin:
		return fmt.Errorf("--username needs --password or --password-stdin")
	case f.Quiet && f.Verbose:
		return fmt.Errorf("--quiet and --verbose exclude each other")
	}
	return nil
}

// client makes the client for the registry of an image.
func (f *registryFlags) client(p process, registry fetcher.Registry) (*fetcher.Client, error) {
	credential, err := f.credential(p, registry)
	if err != nil {
		return nil, err
	}
	options := fetcher.TransportOptions{Insecure: f.Insecure}
	if f.Insecure {
		f.warn(p, "the registry's certificate is not checked: anybody on the way can read credentials")
	}
	if f.CAFile != "" {
		if options.RootCAs, err = fetcher.AddRoots(f.CAFile); err != nil {
			return nil, &usageError{err}
		}
	}
	c := &fetcher.Client{
		Credential: credential,
		Transport:  fetcher.NewTransport(options),
		UserAgent:  userAgent(),
	}
	if !f.Quiet {
		c.Notice = func(line string) { f.warn(p, line) }
	}
	if f.Verbose {
		c.Trace = func(x fetcher.Exchange) { fmt.Fprintln(p.stderr, formatExchange(x)) }
	}
	return c, nil
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
	return fmt.Sprintf("%s %s: %d, %d bytes, %s", x.Method, x.URL, x.Status, x.Bytes, x.Duration.Round(time.Millisecond))
}

// credential finds what to show to the registry: the flags', else the
// environment's, else what docker login and podman login left, else nothing.
func (f *registryFlags) credential(p process, registry fetcher.Registry) (fetcher.CredentialFunc, error) {
	switch {
	case f.Token != "":
		return fetcher.StaticCredential(registry, fetcher.Credential{Token: f.Token}), nil
	case f.Username != "":
		password := f.Password
		if f.PasswordStdin {
			var err error
			if password, err = readPassword(p.stdin); err != nil {
				return nil, err
			}
		}
		return fetcher.StaticCredential(registry, fetcher.Credential{Username: f.Username, Password: password}), nil
	case f.CredentialsFile != "":
		file, err := fetcher.ReadCredentialFile(f.CredentialsFile, registry)
		if err != nil {
			return nil, &usageError{err}
		}
		if file.Exposed {
			f.warn(p, fmt.Sprintf("warning: other users can read the credentials file %s (chmod 600 it)", f.CredentialsFile))
		}
		return file.Credential, nil
	}
	fromEnvironment, err := fetcher.EnvironmentCredential(registry, p.getenv)
	if err != nil {
		return nil, &usageError{err}
	}
	fromFiles := fetcher.AuthFileCredential(fetcher.AuthFiles(p.getenv), func(line string) { f.warn(p, line) })
	return fetcher.FirstCredential(fromEnvironment, fromFiles), nil
}

// maxPassword bounds what is read from standard input: a token service takes
// no more than a header can carry.
const maxPassword = 64 << 10

func readPassword(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPassword))
	if err != nil {
		return "", fmt.Errorf("--password-stdin: %w", err)
	}
	password := strings.TrimRight(string(data), "\r\n")
	if password == "" {
		return "", usagef("--password-stdin: nothing came on standard input")
	}
	return password, nil
}
