package credential

import (
	"fmt"

	"hocker/fetcher/reference"
)

// Origin is the kind of source of a secret.
type Origin int

const (
	OriginUnknown  Origin = iota // none of these
	OriginVariable               // DOCKER_USER and DOCKER_PASS, or DOCKER_TOKEN
	OriginFile                   // lines of a credentials file
	OriginNetrc                  // the default entry of a netrc
)

// WithheldError reports a credential that was not sent to a registry, either because it
// has no host and the user did not name the registry, or because it would go over plain
// http. See [Audience] and [Credential.PlainHTTP].
type WithheldError struct {
	Registry  reference.Registry // that would have received it
	PlainHTTP bool               // the reason is plain http
	Origin    Origin             // of the secret without a host
	Place     string             // its variable or file
}

func (e *WithheldError) Error() string {
	if e.PlainHTTP {
		return fmt.Sprintf("the credential for %s is not sent over plain http", e.Registry.Name())
	}
	return "a credential is set, but not the host it is for"
}
