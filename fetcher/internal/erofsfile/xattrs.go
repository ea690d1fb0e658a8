package erofsfile

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limits of the format.
const (
	maxXattrName  = 255
	maxXattrValue = 1<<16 - 1
)

// xattrPrefixes are the numbers of the prefixes that names have. A prefix without a dot
// at its end is a whole name.
var xattrPrefixes = map[string]byte{
	"user.":                    1,
	"system.posix_acl_access":  2,
	"system.posix_acl_default": 3,
	"trusted.":                 4,
	"security.":                6,
}

// xattrHeader is the size of what comes before the attributes of an inode.
const xattrHeader = 12

// encodeXattrs returns the extended attributes as they follow an inode.
func encodeXattrs(xattrs map[string]string) ([]byte, error) {
	if len(xattrs) == 0 {
		return nil, nil
	}
	b := make([]byte, xattrHeader)
	for _, name := range slices.Sorted(maps.Keys(xattrs)) {
		prefix, rest, err := cutXattr(name)
		value := xattrs[name]
		if err == nil && len(value) > maxXattrValue {
			err = fmt.Errorf("the extended attribute %q has %d bytes, and EROFS has room for %d", name, len(value), maxXattrValue)
		}
		if err != nil {
			return nil, err
		}
		b = append(b, byte(len(rest)), prefix)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
		b = append(append(b, rest...), value...)
		b = append(b, make([]byte, -len(b)&3)...)
	}
	return b, nil
}

// cutXattr returns the number of a name's prefix, and the rest.
func cutXattr(name string) (byte, string, error) {
	for prefix, number := range xattrPrefixes {
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && (rest == "") != strings.HasSuffix(prefix, ".") && len(rest) <= maxXattrName {
			return number, rest, nil
		}
	}
	return 0, "", fmt.Errorf("EROFS has no extended attribute %q", name)
}

// xattrUnits returns the number that stands for the size of encoded attributes.
func xattrUnits(encoded []byte) uint16 {
	if len(encoded) == 0 {
		return 0
	}
	return uint16(1 + (len(encoded)-xattrHeader)/4)
}
