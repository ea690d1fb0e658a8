package main

import (
	"slices"
	"testing"
)

func TestCompletion(t *testing.T) {
	const locked = "../../fetcher/lock/testdata/hocker.lock.json"
	for _, tt := range []struct {
		words []string // the last one is completed
		want  []string // the first word of each candidate that begins with it
	}{
		{[]string{"hocker", "lo"}, []string{"lock", "load"}},
		{[]string{"hocker", "comp"}, []string{"compose"}}, // complete is hidden
		{[]string{"hocker", "insp"}, []string{"inspect"}},
		{[]string{"hocker", "inspect", "--platform=linux/riscv"}, []string{"--platform=linux/riscv64"}},
		{[]string{"hocker", "diff", "--pl"}, []string{"--plain-http", "--platform"}},
		{[]string{"hocker", "diff", ""}, nil}, // shells complete files
		{[]string{"/usr/bin/hocker", "lock", "rem"}, []string{"remove"}},
		{[]string{"hocker", "help", "lock", "l"}, []string{"list"}},
		{[]string{"hocker", "image", "--for"}, []string{"--foreign", "--format"}},
		{[]string{"hocker", "image", "--format", ""}, []string{"archive", "oci-layout"}},
		{[]string{"hocker", "image", "--format=o"}, []string{"--format=oci-layout"}},
		{[]string{"hocker", "--", "--vers"}, nil},
		{[]string{"hocker-image", "--platform", "linux/arm/"}, []string{"linux/arm/v5", "linux/arm/v6", "linux/arm/v7"}},
		{[]string{"hocker-image", "-u", "--platform", "--compr"}, []string{"--compressed"}},
		{[]string{"hocker", "image", "--out", ""}, nil},
		{[]string{"hocker-image", "--compressed", "--for"}, []string{"--foreign", "--format"}},
		{[]string{"hocker-image", "--credential-file", "--compr"}, nil},
		{[]string{"hocker-image", "--format=archive", "--compr"}, []string{"--compressed"}},
		{[]string{"hocker-image", "--", "--format=o"}, nil},
		{[]string{"hocker", "lock", "ls", "--js"}, []string{"--json"}},
		{[]string{"hocker", "lock", "rm", "--file", locked, ""}, []string{"app", "debian"}},
		{[]string{"hocker", "lock", "rm", "--file=" + locked, "app", ""}, []string{"debian"}},
		{[]string{"hocker", "load", locked, "a"}, []string{"app"}},
		{[]string{"hocker", "load", "none.json", ""}, nil},
		{[]string{"hocker", "prefetch", locked, "--platform", ""}, []string{"linux/amd64", "linux/arm/v7", "linux/arm64/v9"}},
	} {
		name := tt.words[0] + " " + tt.words[len(tt.words)-1]
		parser, err := process{}.parser(call(tt.words[:1]))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range complete(parser.Model.Node, tt.words[1:]) {
			got = append(got, c.word)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
