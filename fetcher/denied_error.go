package fetcher

import (
	"hocker/fetcher/content"
	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

// DeniedError is a refusal by a registry or by its token service. It is
// [content.ErrDenied]; or [content.ErrNotFound], where something was withheld: a registry may say
// that of what one may not see.
type DeniedError struct {
	Registry  reference.Registry
	Anonymous bool                      // there was nothing to show to it
	Withheld  *credential.WithheldError // what was not shown to it, or nil
	Err       error
}

func (e *DeniedError) Error() string { return e.Err.Error() }

func (e *DeniedError) Unwrap() []error {
	if e.Withheld == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Withheld}
}

// CredentialError is a credential that could not be had, as from a helper that
// fails. It is [content.ErrDenied].
type CredentialError struct{ Err error }

func (e *CredentialError) Error() string        { return e.Err.Error() }
func (e *CredentialError) Unwrap() error        { return e.Err }
func (e *CredentialError) Is(target error) bool { return target == content.ErrDenied }

// PasswordError is a registry that asks for a user name and a password, where
// there is nothing, or a token. It is [content.ErrDenied].
type PasswordError struct{}

func (*PasswordError) Error() string {
	return "the registry asks for a user name and a password, and none were given"
}
func (*PasswordError) Is(target error) bool { return target == content.ErrDenied }
