// Package faults provides an in-memory registry that fails on demand. The tests and the
// comparison with other tools use it where a server must misbehave.
//
//	registry := faults.New()
//	layer := registry.AddBlob(content)
//	registry.Add("cut after=1000 times=2")
//	server := httptest.NewServer(registry)
//
// A fault is a name with parameters, as KEY=VALUE:
//
//	path=TEXT    apply to requests whose path contains TEXT; default: /blobs/
//	skip=N       except for the first N of them
//	times=N      only to N of them; default: all
//	ranged       only to those with a Range
//	after=N      the offset in the body or the content, or a number of bytes
//	code=N       the status code
//	retry-after=TEXT
//	             the Retry-After header; now+DURATION for a date
//	to=URL       the target of a redirect; default: this server
//	max=N        a limit
//
// The connection:
//
//	cut          is closed after this many bytes of a body
//	reset        is reset after this many bytes of a body
//	truncate     ends after this many bytes of a body, over TLS without its close
//	stall        sends nothing more after this many bytes of a body
//	hang         accepts a request and never answers
//	hangup       is closed without an answer
//	slow         sends max bytes a second
//	garbage      sends after bytes that are not HTTP
//	busy         is refused (429, or code) while max other requests get content
//	quota        is refused (429) after max requests, until a second has passed
//	pulls        is refused (429) after max GET requests, as Docker Hub does; the header
//	             says how many are left
//
// The answer:
//
//	status       is an error with this code; retry-after applies
//	redirect     points to a signed URL below /cdn/ of another server; with max, the
//	             URL is valid for max requests and then returns 403
//	loop         is a redirect to the same URL
//	chunked      has no Content-Length
//	headers      has a header field of after bytes
//	overrun      is longer than its Content-Length by after bytes
//
// The content:
//
//	short        is truncated to this many bytes, with a matching Content-Length
//	long         has this many bytes more, with a matching Content-Length
//	endless      never ends
//	corrupt      has one wrong byte, at this offset
//	changed      is other content of the same size, with another ETag
//	gzip         is compressed, with Content-Encoding: gzip
//	label        is as stored, but has Content-Encoding: gzip
//
// Ranges:
//
//	no-ranges    are not supported
//	false-ranges are announced but not supported
//	other-range  starts this many bytes too early, as its Content-Range says
//	lying-range  starts this many bytes too early, but its Content-Range does not say so
//	bad-range    has a Content-Range that cannot be parsed
//	wrong-size   has a Content-Range whose complete length is too large by this many bytes
//
// [Draw] draws some of them at random. [Server.Break] breaks connections at any byte, those
// of a TLS handshake too. [Silent] fails before any request: it accepts connections and does not answer.
package faults
