package image

import (
	"errors"
	"testing"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

var parsePlatformTests = []struct {
	in   string
	want string // from FormatPlatform
	err  string
}{
	{in: "linux/amd64", want: "linux/amd64"},
	{in: "Linux/AMD64", want: "linux/amd64"},
	{in: "linux/x86_64", want: "linux/amd64"},
	{in: "linux/amd64/v1", want: "linux/amd64"},
	{in: "linux/amd64/v3", want: "linux/amd64/v3"},
	{in: "linux/aarch64", want: "linux/arm64"},
	{in: "linux/arm64/v8", want: "linux/arm64"},
	{in: "linux/arm", want: "linux/arm/v7"},
	{in: "linux/arm/6", want: "linux/arm/v6"},
	{in: "linux/armhf", want: "linux/arm/v7"},
	{in: "linux/armel", want: "linux/arm/v6"},
	{in: "linux/i386", want: "linux/386"},
	{in: "windows/amd64", want: "windows/amd64"},

	{in: "", err: `platform: expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{in: "amd64", err: `platform "amd64": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{in: "linux/", err: `platform "linux/": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{in: "linux/arm/v7/x", err: `platform "linux/arm/v7/x": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{in: "linux/a\nb", err: `platform "linux/a\nb": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
}

func TestParsePlatform(t *testing.T) {
	for _, tt := range parsePlatformTests {
		t.Run(tt.in, func(t *testing.T) {
			p, err := ParsePlatform(tt.in)
			checkError(t, err, tt.err)
			if err == nil && FormatPlatform(p) != tt.want {
				t.Errorf("got %s, want %s", FormatPlatform(p), tt.want)
			}
		})
	}
}

func FuzzParsePlatform(f *testing.F) {
	for _, tt := range parsePlatformTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePlatform(s)
		if err != nil {
			var input *reference.InputError
			if !errors.As(err, &input) || p.OS+p.Architecture+p.Variant != "" {
				t.Errorf("%q: got %+v, %v", s, p, err)
			}
			return
		}
		again, err := ParsePlatform(FormatPlatform(p))
		if err != nil || FormatPlatform(again) != FormatPlatform(p) || runsOn(p, again) != 0 {
			t.Errorf("%q prints as %s, which parses as %+v, %v", s, FormatPlatform(p), again, err)
		}
	})
}

var chooseTests = []struct {
	name string
	have []string
	want string
	best int // index into have, or -1
}{
	{name: "exact match", have: []string{"linux/amd64", "linux/arm64"}, want: "linux/arm64", best: 1},
	{name: "first of two", have: []string{"linux/amd64", "linux/amd64"}, want: "linux/amd64", best: 0},
	{name: "explicit usual variant", have: []string{"linux/arm64/v8"}, want: "linux/arm64", best: 0},
	{name: "arm v7 runs v6 and v5, newest first", have: []string{"linux/arm/v5", "linux/arm/v6"}, want: "linux/arm/v7", best: 1},
	{name: "arm v6 does not run v7", have: []string{"linux/arm/v7"}, want: "linux/arm/v6", best: -1},
	{name: "arm without a variant is v7", have: []string{"linux/arm/v6", "linux/arm"}, want: "linux/arm/v7", best: 1},
	{name: "arm64 does not run arm", have: []string{"linux/arm/v7"}, want: "linux/arm64", best: -1},
	{name: "amd64 does not run v3", have: []string{"linux/amd64/v3", "linux/amd64"}, want: "linux/amd64", best: 1},
	{name: "amd64 v3 runs v2", have: []string{"linux/amd64", "linux/amd64/v2", "linux/amd64/v4"}, want: "linux/amd64/v3", best: 1},
	{name: "another system", have: []string{"windows/amd64"}, want: "linux/amd64", best: -1},
	{name: "attestations", have: []string{"unknown/unknown"}, want: "unknown/unknown", best: -1},
	{name: "one without a platform", have: []string{""}, want: "linux/arm64", best: 0},
	{name: "one without a platform and an attestation", have: []string{"unknown/unknown", ""}, want: "linux/arm64", best: 1},
	{name: "two without a platform", have: []string{"", ""}, want: "linux/arm64", best: -1},
	{name: "one with and one without a platform", have: []string{"linux/amd64", ""}, want: "linux/arm64", best: -1},
}

func TestChoose(t *testing.T) {
	for _, tt := range chooseTests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := ParsePlatform(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			source := newMemory()
			var entries []ocispec.Descriptor
			for i, platform := range tt.have {
				entries = append(entries, source.add("", platform, i))
			}
			source.index("all", entries...)
			index, err := source.Manifest(t.Context(), repositoryOf("all"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Choose(t.Context(), source, reference.Repository{}, index, want)
			var none *NoPlatformError
			switch {
			case tt.best < 0 && !errors.As(err, &none):
				t.Errorf("got %+v, %v", got, err)
			case tt.best >= 0 && (err != nil || got.Digest != entries[tt.best].Digest):
				t.Errorf("got %+v, %v, want %s", got.Platform, err, tt.have[tt.best])
			}
		})
	}
}
