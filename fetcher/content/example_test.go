package content_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"hocker/fetcher/content"

	"github.com/opencontainers/go-digest"
)

func ExampleVerify() {
	want := digest.FromString("hello")
	_, err := io.ReadAll(content.Verify(strings.NewReader("jello"), want, 5))
	var wrong *content.VerifyError
	fmt.Println(errors.As(err, &wrong))
	// Output: true
}
