package archive

import "fmt"

// maxImages limits the names of images in an archive.
const maxImages = 1000

// checkCount returns an error if a table names more than maxImages.
func checkCount(table string, n int) error {
	if n > maxImages {
		return fmt.Errorf("%s names %d images; the limit is %d", table, n, maxImages)
	}
	return nil
}
