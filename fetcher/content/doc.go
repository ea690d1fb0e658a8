// Package content verifies content against its digest, and defines the kinds of
// failure of a fetch.
package content
