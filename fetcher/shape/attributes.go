package shape

import (
	"fmt"

	"hocker/fetcher/nix"
)

// build is what Nix passes to a builder.
type build struct {
	nix.Attributes
	cores int // how many it may use
}

func missingAttribute(name string) error {
	return fmt.Errorf("%s is not set: this command is run by Nix, as the builder of fetchdocker", name)
}

// required returns an attribute that must be there.
func required(b build, name string) (string, error) {
	value, err := b.String(name)
	if value == "" && err == nil {
		err = missingAttribute(name)
	}
	return value, err
}
