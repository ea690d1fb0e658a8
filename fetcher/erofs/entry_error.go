package erofs

import (
	"errors"
	"fmt"
)

// EntryError is returned for an entry of a layer that cannot be kept as it is.
type EntryError struct {
	Name string // as in the archive
	Err  error
}

func (e *EntryError) Error() string { return fmt.Sprintf("entry %q: %v", e.Name, e.Err) }
func (e *EntryError) Unwrap() error { return e.Err }

var (
	errTwice        = errors.New("the layer has it twice")
	errLeaves       = errors.New("the path leads out of the layer")
	errInWhiteout   = errors.New("it is below a whiteout")
	errHides        = errors.New("it is a whiteout of a file in the same layer")
	errHidesNothing = errors.New("it is a whiteout without a name")
	errHasFiles     = errors.New("the layer has files below it, but it is not a folder")
	errNoTarget     = errors.New("it is a hard link to a file that the layer does not have before it")
	errUserXattr    = errors.New("only files and folders can have extended attributes of users")
	errRoot         = errors.New("it is the root of the layer, but not a folder")
	errFolderTarget = errors.New("it is a hard link to a folder")
)
