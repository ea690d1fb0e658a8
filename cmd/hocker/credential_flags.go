package main

import (
	"fmt"
	"io"
	"strings"

	"hocker/fetcher"
)

// credentialFlags say what to show to the registry, in one of three ways.
type credentialFlags struct {
	Username        string `short:"u" group:"credentials" placeholder:"NAME" help:"User name for basic authentication or the registry's token service."`
	Password        string `short:"p" group:"credentials" placeholder:"PASSWORD" help:"Password. Others can see it in the process list: --password-stdin is better."`
	PasswordStdin   bool   `group:"credentials" help:"Read the password from standard input."`
	Token           string `short:"t" group:"credentials" placeholder:"TOKEN" help:"Bearer token, sent as it is."`
	CredentialsFile string `short:"f" group:"credentials" aliases:"credential-file" placeholder:"PATH" help:"File with USERNAME= and PASSWORD= lines, or BEARER_TOKEN=, or a Docker config.json."`
}

// check makes sure that credentials are given in one way, and whole.
func (f *credentialFlags) check() error {
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
	}
	return nil
}

// credential finds what to show to the registry: the flags', else the
// environment's, else what docker login and podman login left, else nothing.
func (f *credentialFlags) credential(p process, registry fetcher.Registry, warn func(line string)) (fetcher.CredentialFunc, error) {
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
			return nil, &usageError{err: err}
		}
		if file.Exposed {
			warn(fmt.Sprintf("warning: other users can read the credentials file %s (chmod 600 it)", f.CredentialsFile))
		}
		return file.Credential, nil
	}
	fromEnvironment, err := fetcher.EnvironmentCredential(registry, p.getenv)
	if err != nil {
		return nil, &usageError{err: err}
	}
	fromFiles := fetcher.AuthFileCredential(fetcher.AuthFiles(p.getenv), warn)
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
