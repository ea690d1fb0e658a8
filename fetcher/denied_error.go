package fetcher

import (
	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// DeniedError is returned if a registry or its token service denies access. It
// matches [content.ErrDenied]. If a credential was withheld it may match
// [content.ErrNotFound] instead: some registries answer 404 to hide private
// repositories.
type DeniedError struct {
	Registry  reference.Registry
	Anonymous bool                      // the request had no credential
	Withheld  *credential.WithheldError // why a credential was not sent, or nil
	Err       error
}

func (e *DeniedError) Error() string { return e.Err.Error() }

func (e *DeniedError) Unwrap() []error {
	if e.Withheld == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Withheld}
}

// CredentialError is returned if the credential cannot be read, for example
// because a credential helper fails. It matches [content.ErrDenied].
type CredentialError struct{ Err error }

func (e *CredentialError) Error() string        { return e.Err.Error() }
func (e *CredentialError) Unwrap() error        { return e.Err }
func (e *CredentialError) Is(target error) bool { return target == content.ErrDenied }

// PasswordError is returned if a registry asks for a user name and a password
// and the client has none. It matches [content.ErrDenied].
type PasswordError struct{}

func (*PasswordError) Error() string {
	return "the registry asks for a user name and a password, but none were given"
}
func (*PasswordError) Is(target error) bool { return target == content.ErrDenied }
