package test

import "testing"

// inspectingDocument is docs/inspecting.md.
var inspectingDocument = document{
	path:    "docs/inspecting.md",
	account: readmeAccount,
	outputs: []documentOutput{
		{words: "hocker inspect debian", output: `(?m)^reference +docker\.io/library/debian:bookworm$`},
		{words: "hocker inspect ./result", output: `(?m)^reference +docker\.io/library/debian:bookworm$`},
		{words: "jq --raw-output", output: `(?m)^PATH=`},
		{words: "hocker diff debian:jessie", output: `(?m)^layers: \d+ shared, \d+ new, `},
		{words: "hocker diff ./result", output: `(?m)^layers: \d+ shared, 0 new, 0 gone; the images are the same; to fetch: 0 bytes$`},
		{words: "jq --exit-status .same", output: `(?m)^true$`},
	},
	requests: map[string]string{"Two images": theLayers},
}

// TestInspecting follows docs/inspecting.md.
func TestInspecting(t *testing.T) { inspectingDocument.read(t, nil) }
