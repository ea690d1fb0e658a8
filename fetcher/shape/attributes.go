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
