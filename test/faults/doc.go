// Package faults is a registry in memory that fails on demand. The tests and the
// comparison with other tools use it wherever a server has to misbehave.
//
//	registry := faults.New()
//	layer := registry.AddBlob(content)
//	registry.Add("cut after=1000 times=2")
//	server := httptest.NewServer(registry)
//
// A fault is a name with parameters, as KEY=VALUE:
//
//	path=TEXT    requests whose path has this in it; default: /blobs/
//	skip=N       not the first N of them
//	times=N      and then N of them; default: all
//	ranged       those with a Range only
//	after=N      where in the body or the content it happens, in bytes
//	code=N       a status code
//	retry-after=TEXT
//	             that header's value; now+DURATION for a date
//	to=URL       where to; default: this server
//	max=N        so many and no more
//
// The connection:
//
//	cut          ends after so many bytes of a body
//	reset        is reset after so many bytes of a body
//	stall        gives nothing more after so many bytes of a body
//	hang         takes a request and never answers
//	hangup       ends without an answer
//	slow         gives max bytes a second
//	busy         is refused (429, or code) while max others get content
//
// The answer:
//
//	status       is code and nothing else; with retry-after
//	redirect     leads to /cdn/ of another server; with max, a 403 after so many
//	             requests there until the registry is asked again
//	loop         leads to itself
//	chunked      has no Content-Length
//	overrun      is followed by more than its Content-Length says, after bytes
//
// The content:
//
//	short        ends after so many bytes, as if that were all
//	long         has so many bytes more, as if they belonged to it
//	endless      goes on for ever
//	corrupt      has one wrong byte, at a place
//	changed      is something else of the same size, with another ETag
//	gzip         was compressed on the way
//	label        has Content-Encoding: gzip, and is as stored
//
// Ranges:
//
//	no-ranges    are not known
//	false-ranges are said to be known
//	other-range  comes from so many bytes before what was asked for, and says so
//	lying-range  comes from so many bytes before what was asked for
//	bad-range    has a Content-Range that nobody can read
//	wrong-size   says that the whole content is after bytes longer
//
// [Silent] fails before any request: it accepts connections and does not answer.
package faults
