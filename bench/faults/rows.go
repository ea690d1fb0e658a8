package main

// row is a fault, and whether a client can get the right content despite it.
type row struct {
	name   string
	faults []string
	uses   int  // requests for which a token is valid; 0: no tokens
	lost   bool // no client can get the right content
}

// rows are the faults of the comparison. The layer has 8 MB.
var rows = []row{
	{name: "none"},
	{name: "connection cut at 3 MB, once", faults: []string{"cut after=3000000 times=1"}},
	{name: "cut every 3 MB", faults: []string{"cut after=3000000"}},
	{name: "connection reset, once", faults: []string{"reset after=3000000 times=1"}},
	{name: "closed without an answer, twice", faults: []string{"hangup times=2"}},
	{name: "stalls at 3 MB, once ¹", faults: []string{"stall after=3000000 times=1"}},
	{name: "no answer, once ¹", faults: []string{"hang times=1"}},
	{name: "cut, no ranges", faults: []string{"no-ranges", "cut after=3000000 times=1"}},
	{name: "cut, no Content-Length", faults: []string{"chunked", "cut after=3000000 times=1"}},
	{name: "cut, wrong range", faults: []string{"lying-range after=100", "cut after=3000000 times=1"}},
	{name: "cut, invalid Content-Range", faults: []string{"bad-range", "cut after=3000000 times=1"}},
	{name: "cut, another size afterwards", faults: []string{"wrong-size after=100", "cut after=3000000 times=1"}},
	{name: "cut, other content afterwards, once", faults: []string{"cut after=3000000 times=1", "changed skip=1 times=1"}},
	{name: "cut, token expires each time ²", faults: []string{"cut after=3000000 times=2"}, uses: 1},
	{name: "cut, redirect target expires", faults: []string{"redirect max=1", "cut after=3000000 times=2"}},
	{name: "too short, once", faults: []string{"short after=3000000 times=1"}},
	{name: "too long, once", faults: []string{"long after=1000 times=1"}},
	{name: "more than Content-Length", faults: []string{"overrun after=1000"}},
	{name: "one wrong byte, once", faults: []string{"corrupt after=3000000 times=1"}},
	{name: "one wrong byte, always", faults: []string{"corrupt after=3000000"}, lost: true},
	{name: "compressed by a proxy, once", faults: []string{"gzip times=1"}},
	{name: "labeled as compressed", faults: []string{"label"}},
	{name: "408, twice", faults: []string{"status code=408 times=2"}},
	{name: "429 with Retry-After: 2, once", faults: []string{"status code=429 retry-after=2 times=1"}},
	{name: "429 with a date in 2 s, once", faults: []string{"status code=429 retry-after=now+2s times=1"}},
	{name: "429 with Retry-After: 1 day", faults: []string{"status code=429 retry-after=86400"}, lost: true},
	{name: "500, twice", faults: []string{"status code=500 times=2"}},
	{name: "503, twice", faults: []string{"status code=503 times=2"}},
	{name: "redirect loop", faults: []string{"loop"}, lost: true},
	{name: "endless token ²", faults: []string{"endless path=/token"}, uses: 100, lost: true},
}
