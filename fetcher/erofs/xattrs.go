package erofs

import (
	"fmt"
	"strings"

	"hocker/fetcher/bytecount"
)

// xattrRecord is the beginning of the keys of PAX records with extended attributes.
const xattrRecord = "SCHILY.xattr."

// aclRecord is the beginning of those of access control lists.
const aclRecord = xattrRecord + "system.posix_acl_"

// The limits of Linux: it lists no more names and values of a file.
const (
	maxXattrs    = 64 << 10
	maxXattrName = 255
)

// keptXattrs returns the PAX records with the extended attributes that a layer may
// give its files.
func keptXattrs(records map[string]string) (map[string]string, error) {
	var kept map[string]string
	size := 0
	for key, value := range records {
		name, ok := strings.CutPrefix(key, xattrRecord)
		if !ok || !isKept(name) {
			continue
		}
		if len(name) > maxXattrName {
			return nil, fmt.Errorf("the name of an extended attribute has %d bytes, and Linux has room for %d", len(name), maxXattrName)
		}
		if size += len(name) + len(value); size > maxXattrs {
			return nil, fmt.Errorf("the extended attributes take more than %s", bytecount.Format(maxXattrs))
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = value
	}
	return kept, nil
}

// isKept reports whether an engine sets the extended attribute, too.
func isKept(name string) bool {
	switch {
	// To overlayfs they say that a file's content is elsewhere, for instance.
	case strings.HasPrefix(name, "trusted.overlay."), strings.HasPrefix(name, "user.overlay."):
		return false
	// The label is this machine's to give.
	case name == "security.selinux":
		return false
	case xattrRecord+name == aclRecord+"access", xattrRecord+name == aclRecord+"default":
		return true
	}
	// Linux has no other kinds.
	space, rest, _ := strings.Cut(name, ".")
	return rest != "" && (space == "user" || space == "trusted" || space == "security")
}

// hasUserXattr reports whether there is an attribute that Linux keeps for files and
// folders only.
func hasUserXattr(records map[string]string) bool {
	for key := range records {
		if strings.HasPrefix(key, xattrRecord+"user.") {
			return true
		}
	}
	return false
}
