package nix_test

import (
	"fmt"

	"hocker/fetcher/nix"
)

// Nix and registries write the same hash in different ways.
func ExampleParseHash() {
	d, err := nix.ParseHash("1744l0c8ag5y7ck9nhr6r5wy9frmaxi7xh80ypgnxb7g891m42nd")
	if err != nil {
		panic(err)
	}
	fmt.Println(d)
	// Output: sha256:cd0a524342efac6edff500c17e625735bbe479c926439b263bbe3c8518a0849c
}
