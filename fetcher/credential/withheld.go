package credential

import (
	"fmt"

	"hocker/fetcher/reference"
)

// Origin is where a secret comes from.
type Origin int

const (
	OriginUnknown  Origin = iota // none of these
	OriginVariable               // DOCKER_USER and DOCKER_PASS, or DOCKER_TOKEN
	OriginFile                   // lines of a credentials file
	OriginNetrc                  // the default entry of a netrc
)

// WithheldError is a credential that there is, and that a registry is not shown:
// because it is for no host, and no person named the registry, or because it
// would go over plain http. See [Audience] and [Credential.PlainHTTP].
type WithheldError struct {
	Registry  reference.Registry // which was to be asked
	PlainHTTP bool               // that is the reason
	Origin    Origin             // of the secret that has no host
	Place     string             // the variable or file that it is in
}

func (e *WithheldError) Error() string {
	if e.PlainHTTP {
		return fmt.Sprintf("the credential for %s is not sent over plain http", e.Registry.Name())
	}
	return "there is a credential, but it does not say which host it is for"
}
