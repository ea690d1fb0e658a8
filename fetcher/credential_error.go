package fetcher

// CredentialError is a credential that could not be had, as from a helper that
// fails. It is [ErrDenied].
type CredentialError struct{ Err error }

func (e *CredentialError) Error() string        { return e.Err.Error() }
func (e *CredentialError) Unwrap() error        { return e.Err }
func (e *CredentialError) Is(target error) bool { return target == ErrDenied }

// PasswordError is a registry that asks for a user name and a password, where
// there is nothing, or a token. It is [ErrDenied].
type PasswordError struct{}

func (*PasswordError) Error() string {
	return "the registry asks for a user name and a password, and none were given"
}
func (*PasswordError) Is(target error) bool { return target == ErrDenied }
