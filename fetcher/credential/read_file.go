package credential

import (
	"context"

	"hocker/fetcher/bounded"
)

// maxCredentialFile limits the size of a file with credentials, and the output of a
// credential helper, in bytes. A larger file is some other file.
const maxCredentialFile = 1 << 20

// readFile reads a file with credentials until ctx ends: the user's settings may name a
// pipe.
func readFile(ctx context.Context, path string) ([]byte, error) {
	return bounded.ReadFile(ctx, path, maxCredentialFile, "a file with credentials")
}
