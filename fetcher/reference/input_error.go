package reference

import "fmt"

// InputError reports a malformed name, address or digest. Its message hides
// whatever precedes an @: see [Redact].
type InputError struct {
	What   string // "tag"
	Value  string // as given; empty if it may contain a secret
	Reason string
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return e.What + ": " + e.Reason
	}
	return fmt.Sprintf("%s %q: %s", e.What, redactValue(e.Value), e.Reason)
}
