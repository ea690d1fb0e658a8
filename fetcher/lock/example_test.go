package lock_test

import (
	"fmt"

	"hocker/fetcher/lock"
)

func ExampleRead() {
	file, err := lock.Read("testdata/hocker.lock.json")
	if err != nil {
		panic(err)
	}
	for _, name := range file.Names() {
		fmt.Println(name, file.Images[name].Reference.Tag)
	}
	// Output:
	// app 1
	// debian bookworm
}
