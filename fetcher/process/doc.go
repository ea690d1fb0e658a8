// Package process says what runs in a container of an image: what the image's config says
// of it, with what only the image's files can tell.
package process
