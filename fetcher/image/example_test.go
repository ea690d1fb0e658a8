package image_test

import (
	"fmt"

	"hocker/fetcher/image"
)

func ExampleParsePlatform() {
	platform, err := image.ParsePlatform("linux/arm/v7")
	if err != nil {
		panic(err)
	}
	fmt.Println(platform.OS, platform.Architecture, platform.Variant)
	// Output: linux arm v7
}
