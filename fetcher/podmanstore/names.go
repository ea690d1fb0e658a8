package podmanstore

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// The names in a store.
const (
	driverFolder = "overlay"
	linkFolder   = "l" // below driverFolder
	imageFolder  = driverFolder + "-images"
	layerFolder  = driverFolder + "-layers"
	imageTable   = "images.json"
	imageLock    = "images.lock"
	layerTable   = "layers.json"
	layerLock    = "layers.lock"
	erofsFolder  = "composefs-data"
	erofsFile    = "composefs.blob"
	diffFolder   = "diff"
	linkFile     = "link"
	lowerFile    = "lower"
	idsFile      = "lower-layers" // what podman 5.8 reads instead of lowerFile
)

// baseID stands for a layer without files that is below the lowest one of each image. Without
// it, the engine would take the folder diff of that one for its content, which is empty.
const baseID = "base"

// linkLength is the length of the name of a link. The engine's are as long: the names of all
// layers of a container have to fit into a page of memory.
const linkLength = 26

// linkName returns the name of the link to a layer.
func linkName(id string) string {
	sum := sha256.Sum256([]byte("hocker layer " + id))
	return base32.StdEncoding.EncodeToString(sum[:])[:linkLength]
}

// fileName returns the file that holds an image's data of this name.
func fileName(name string) string {
	for _, c := range name {
		if c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return "=" + base64.StdEncoding.EncodeToString([]byte(name))
		}
	}
	return name
}

// isID reports whether s is an ID of a layer or image.
func isID(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == hex.EncodedLen(sha256.Size) && s == strings.ToLower(s)
}
