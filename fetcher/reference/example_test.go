package reference_test

import (
	"fmt"

	"hocker/fetcher/reference"
)

func ExampleParse() {
	ref, err := reference.Parse("debian:bookworm")
	if err != nil {
		panic(err)
	}
	fmt.Println(ref.Registry)
	fmt.Println(ref.Path, ref.Tag)
	fmt.Println(ref.Familiar())
	// Output:
	// https://registry-1.docker.io/v2/
	// library/debian bookworm
	// debian:bookworm
}

func ExampleParseRegistry() {
	for _, address := range []string{"ghcr.io", "localhost:5000", "https://host.example/prefix/v2/"} {
		registry, err := reference.ParseRegistry(address)
		if err != nil {
			panic(err)
		}
		fmt.Println(registry)
	}
	// Output:
	// https://ghcr.io/v2/
	// http://localhost:5000/v2/
	// https://host.example/prefix/v2/
}
