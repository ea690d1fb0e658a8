package reference

import "fmt"

// InputError reports a name, address or digest that is not of its form. Its text
// does not repeat what stands before an @: see [Redact].
type InputError struct {
	What   string // "tag"
	Value  string // as given, or empty where it must not be shown
	Reason string
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return e.What + ": " + e.Reason
	}
	return fmt.Sprintf("%s %q: %s", e.What, redactValue(e.Value), e.Reason)
}
