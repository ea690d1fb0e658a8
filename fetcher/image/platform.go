package image

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"hocker/fetcher/reference"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// DefaultPlatform is Linux on this machine's architecture, on a Mac too: images
// for other systems do not run here.
func DefaultPlatform() ocispec.Platform {
	return normalize(ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH})
}

var platformPart = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// ParsePlatform parses os/arch or os/arch/variant. It accepts the names of Go
// and of uname: linux/amd64, linux/arm64, linux/arm/v7, linux/x86_64.
func ParsePlatform(s string) (ocispec.Platform, error) {
	parts := strings.Split(s, "/")
	malformed := len(parts) < 2 || len(parts) > 3 ||
		slices.ContainsFunc(parts, func(part string) bool { return !platformPart.MatchString(part) })
	if malformed {
		return ocispec.Platform{}, &reference.InputError{What: "platform", Value: s, Reason: "expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7"}
	}
	p := ocispec.Platform{OS: strings.ToLower(parts[0]), Architecture: strings.ToLower(parts[1])}
	if len(parts) == 3 {
		p.Variant = strings.ToLower(parts[2])
	}
	return normalize(p), nil
}

// architectures maps the names of uname and Debian to Go's, which images use.
var architectures = map[string]ocispec.Platform{
	"x86_64":  {Architecture: "amd64"},
	"x86-64":  {Architecture: "amd64"},
	"i386":    {Architecture: "386"},
	"i686":    {Architecture: "386"},
	"aarch64": {Architecture: "arm64"},
	"armhf":   {Architecture: "arm", Variant: "v7"},
	"armv7l":  {Architecture: "arm", Variant: "v7"},
	"armel":   {Architecture: "arm", Variant: "v6"},
	"armv6l":  {Architecture: "arm", Variant: "v6"},
}

// normalize returns the canonical form of a platform: Go's names, no variant
// for arm64/v8 and amd64/v1, and v7 for arm without a variant.
func normalize(p ocispec.Platform) ocispec.Platform {
	p.OS, p.Architecture, p.Variant = strings.ToLower(p.OS), strings.ToLower(p.Architecture), strings.ToLower(p.Variant)
	if known, ok := architectures[p.Architecture]; ok {
		p.Architecture = known.Architecture
		p.Variant = cmp.Or(p.Variant, known.Variant)
	}
	switch {
	case p.Architecture == "arm64" && (p.Variant == "v8" || p.Variant == "8" || p.Variant == "v8.0"),
		p.Architecture == "amd64" && p.Variant == "v1":
		p.Variant = ""
	case p.Architecture == "arm" && p.Variant == "":
		p.Variant = "v7"
	case p.Architecture == "arm" && len(p.Variant) == 1:
		p.Variant = "v" + p.Variant
	}
	return p
}

// FormatPlatform formats a platform so that ParsePlatform can read it.
func FormatPlatform(p ocispec.Platform) string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// WrongPlatformError is returned for an image that is for another platform than
// the one wanted.
type WrongPlatformError struct {
	Want ocispec.Platform
	Have ocispec.Platform // as its config says
}

func (e *WrongPlatformError) Error() string {
	return fmt.Sprintf("the image is for another platform: its config says %.100s, not %s", FormatPlatform(e.Have), FormatPlatform(e.Want))
}

// CheckPlatform returns an error unless an image of this config is for the
// platform want, or for an older variant of it. A field that one of them lacks
// is not compared: many configs have no variant.
//
// Errors: *[WrongPlatformError].
func (c Config) CheckPlatform(want ocispec.Platform) error {
	has, p := normalize(c.Platform), normalize(want)
	differs := c.OS != "" && has.OS != p.OS ||
		c.Architecture != "" && has.Architecture != p.Architecture ||
		c.Variant != "" && want.Variant != "" && variantLevel(has) > variantLevel(p)
	if differs {
		return &WrongPlatformError{Want: want, Have: c.Platform}
	}
	return nil
}

// sameMachine reports whether two platforms differ at most in their variant.
func sameMachine(p, q ocispec.Platform) bool {
	p, q = normalize(p), normalize(q)
	return p.OS == q.OS && p.Architecture == q.Architecture
}

// runsOn ranks an image of platform p for a machine of platform want. 0 is an
// exact match; a higher rank is an older variant that still runs; an image with
// a rank below 0 does not run.
func runsOn(p, want ocispec.Platform) int {
	p, want = normalize(p), normalize(want)
	if !sameMachine(p, want) {
		return -1
	}
	if p.Variant == want.Variant {
		return 0
	}
	// Newer processors run older variants: arm v7 runs v6, amd64 v3 runs v2. A
	// platform without a variant counts as the oldest.
	have, wanted := variantLevel(p), variantLevel(want)
	if have > wanted {
		return -1
	}
	return wanted - have
}

func variantLevel(p ocispec.Platform) int {
	level := 0
	for _, r := range strings.TrimPrefix(p.Variant, "v") {
		if r < '0' || r > '9' {
			break
		}
		level = min(level*10+int(r-'0'), 1000)
	}
	return level
}
