// Package transfer downloads content over links that break, stall or throttle
// each connection. It resumes at the byte where a connection was lost, and uses
// several connections where that is faster.
//
// It knows nothing about registries: a [Source] opens the content at an offset. It
// does not verify the content: that is for the caller.
package transfer
