// Package rootfs makes one EROFS file of a whole image: the files that are left when
// every layer has changed what the layers below it have.
//
// The layers are read twice. First they are merged to a tree, which has no content; then
// the content of the files in the tree is copied.
package rootfs
