package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"hocker/fetcher/bounded"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// credentialFlags give the credential for the registry, in one of three ways.
type credentialFlags struct {
	Username        string `short:"u" group:"credentials" placeholder:"NAME" help:"User name for the registry or its token service."`
	Password        string `short:"p" group:"credentials" placeholder:"PASSWORD" help:"Password. Other users can see it in the process list; prefer --password-stdin."`
	PasswordStdin   bool   `group:"credentials" help:"Read the password from standard input."`
	Token           string `short:"t" group:"credentials" placeholder:"TOKEN" help:"Bearer token, sent unchanged."`
	CredentialsFile string `short:"f" group:"credentials" aliases:"credential-file" placeholder:"PATH" help:"File with REGISTRY= and USERNAME= and PASSWORD=, or BEARER_TOKEN= lines; or a Docker config.json; or a netrc file."`
}

// check makes sure that a credential is given in one way only, and completely.
func (f *credentialFlags) check() error {
	ways := 0
	for _, given := range []bool{f.Username != "" || f.Password != "" || f.PasswordStdin, f.Token != "", f.CredentialsFile != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return fmt.Errorf("--username with --password, --token and --credentials-file cannot be used together: give one of them")
	case f.Password != "" && f.PasswordStdin:
		return fmt.Errorf("--password and --password-stdin cannot be used together")
	case f.Username == "" && (f.Password != "" || f.PasswordStdin):
		return fmt.Errorf("a password needs --username")
	case f.Username != "" && f.Password == "" && !f.PasswordStdin:
		return fmt.Errorf("--username needs --password or --password-stdin")
	}
	return nil
}

// given returns the flag that gives a secret, as messages name it, or "".
func (f *credentialFlags) given() string {
	switch {
	case f.Token != "":
		return "--token"
	case f.Username != "":
		return "--username"
	case f.CredentialsFile != "":
		return "--credentials-file " + f.CredentialsFile
	}
	return ""
}

// credential finds the credentials for the registries: from the flags, else the
// environment, else the files of docker login and podman login, else netrc.
func (f *credentialFlags) credential(p process, audience credential.Audience, warn func(line string)) (credential.Func, error) {
	hosts, err := credential.EnvironmentHosts(p.getenv)
	if err != nil {
		return nil, &usageError{err: err}
	}
	var find credential.Func
	if f.CredentialsFile != "" {
		// If a file is named, only its credentials are used.
		find, err = f.fileCredential(audience, warn)
	} else {
		find, err = f.flagCredential(p, audience, warn)
	}
	return credential.AllowPlainHTTP(hosts, find), err
}

// fileCredential reads --credentials-file.
func (f *credentialFlags) fileCredential(audience credential.Audience, warn func(line string)) (credential.Func, error) {
	file, err := credential.ReadFile(f.CredentialsFile, audience, warn)
	if err != nil {
		return nil, &usageError{err: err}
	}
	if file.Exposed {
		warn(fmt.Sprintf("warning: other users can read the credentials file %s (chmod 600 it)", f.CredentialsFile))
	}
	if !file.Unbound {
		return file.Credential, nil
	}
	return f.forNamed(file.Credential, audience, warn)
}

// flagCredential returns the credential from --username or --token and, for
// other registries, one that is found elsewhere.
func (f *credentialFlags) flagCredential(p process, audience credential.Audience, warn func(line string)) (credential.Func, error) {
	found, err := findCredential(p, audience, warn)
	if f.given() == "" {
		return found, err
	}
	if err != nil { // reported only for a registry that the flags are not for
		found = func(context.Context, reference.Repository) (credential.Credential, error) {
			return credential.Credential{}, err
		}
	}
	given := credential.Credential{Username: f.Username, Password: f.Password, Token: f.Token}
	if f.PasswordStdin {
		if given.Password, err = readPassword(p.stdin); err != nil {
			return nil, err
		}
	}
	if err := given.Validate(); err != nil {
		return nil, &usageError{err: err}
	}
	find, err := f.forNamed(credential.Static(audience.Named, given), audience, warn)
	return credential.First(find, found), err
}

// findCredential finds credentials that the user has stored, as opposed to
// those given to this command.
func findCredential(p process, audience credential.Audience, warn func(line string)) (credential.Func, error) {
	fromEnvironment, err := credential.FromEnvironment(p.getenv, audience, warn)
	if err != nil {
		return nil, &usageError{err: err}
	}
	return credential.First(
		fromEnvironment,
		credential.FromAuthFiles(credential.AuthFiles(p.getenv), warn),
		credential.FromNetrc(credential.NetrcFile(p.getenv), audience, warn)), nil
}

// forNamed makes sure that the user has named the registry that a secret on the
// command line is for. A registry that only a file or an expression names does
// not count. The secret is sent to the address as the user gave it, over plain
// http too.
func (f *credentialFlags) forNamed(find credential.Func, audience credential.Audience, warn func(line string)) (credential.Func, error) {
	named := audience.Named
	if named == (reference.Registry{}) {
		return nil, usagef("%s does not say which registry it is for: give --registry %s",
			f.given(), strings.Join(registryNames(audience.Asked), " or --registry "))
	}
	if named.IsExposed() {
		warn(fmt.Sprintf("warning: the credential from %s is sent over plain http: anyone on the network path to %s can read it", f.given(), named.Host))
	}
	return credential.AllowPlainHTTP([]credential.Host{{Name: named.Name(), PlainHTTP: named.Scheme == "http"}}, find), nil
}

// maxPassword limits a password on standard input, in bytes. A
// token service accepts no more than fits into a header.
const maxPassword = 64 << 10

func readPassword(r io.Reader) (string, error) {
	data, err := bounded.Read(r, maxPassword, "a password")
	if err != nil {
		return "", fmt.Errorf("--password-stdin: %w", err)
	}
	// Remove the one line break that a terminal or echo adds. A secret may have
	// several lines.
	password := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if password == "" {
		return "", usagef("--password-stdin: standard input is empty")
	}
	return password, nil
}

// registryNames returns the names of registries without duplicates.
func registryNames(registries []reference.Registry) []string {
	var names []string
	for _, r := range registries {
		if !slices.Contains(names, r.Name()) {
			names = append(names, r.Name())
		}
	}
	return names
}
