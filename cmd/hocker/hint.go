package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"

	"hocker/fetcher"
	"hocker/fetcher/content"
	"hocker/fetcher/image"
	"hocker/fetcher/lock"
	"hocker/fetcher/nix"
)

// hint returns a way out of a command's error, or "".
func hint(command string, err error) string {
	var (
		usage     *usageError
		signalled *signalError
		kind      *image.KindMismatchError
		input     *manifestInputError
		none      *image.NoPlatformError
		platform  *image.WrongPlatformError
		readOnly  *lock.UnwritableError
		failures  *lock.FailuresError
		notStored *notInStoreError
		limit     *content.LimitError
		reach     *fetcher.ReachError
		noTag     *lock.NoTagError
	)
	inNix := isBuilder(command)
	switch {
	case errors.As(err, &signalled):
		return ""
	case errors.As(err, &failures):
		return commonHint(command, failures.Unwrap())
	case errors.As(err, &usage):
		return cmp.Or(usage.hint, "see "+command+" --help")
	case errors.As(err, &notStored):
		return notStored.hint()
	case errors.As(err, &kind) && errors.As(err, &input):
		return input.hint(command, kind.Got)
	case errors.As(err, &kind):
		return kindHint(command, kind.Got)
	case errors.As(err, new(*image.AmbiguousError)):
		return "other tools may read another image from it: ask whoever made it, and do not use it until then"
	case errors.As(err, new(*image.EncryptedError)):
		return "decrypt it into a registry of your own first: skopeo copy --decryption-key KEY docker://… docker://…"
	case errors.As(err, &none) && len(none.Have) > 0 && !inNix:
		return choiceHint(command)
	case errors.As(err, &platform):
		return platformHint(command, platform, inNix)
	case errors.As(err, &limit):
		return limitHint(command, err, limit, inNix)
	case isUnsigned(err), errors.As(err, new(*lock.KeyNeededError)):
		return signatureHint(command, err)
	case isContentError(err):
		return contentHint(command, err)
	case isErofsError(err):
		return erofsHint(err)
	case isEngineError(err):
		return engineHint(err)
	case isProxyRefusal(err):
		return "does the proxy require a user name and password? Put them into its variable: http://USER:PASSWORD@HOST:PORT"
	case errors.Is(err, http.ErrSchemeMismatch):
		return pick(inNix,
			"this registry speaks plain http: write its address as http://HOST:PORT/v2/",
			"this registry speaks plain http: write http:// before its name, or give --plain-http")
	case isCertificateError(err):
		return certificateHint(err, inNix)
	case isPlainToTLS(err):
		return "this registry requires https: write its address as https://HOST:PORT/v2/"
	case errors.As(err, new(*nix.StoreError)) && errors.Is(err, exec.ErrNotFound):
		return "is Nix installed, and in PATH?"
	case errors.As(err, &readOnly):
		return fmt.Sprintf("let this user write there (chmod u+w %s), or give another file with --file", readOnly.Path)
	case errors.Is(err, syscall.ENOSPC):
		return "make room on the disk, then try again"
	case errors.As(err, new(*fetcher.ChallengeError)):
		return pick(inNix, "if you have a token for that registry, set DOCKER_TOKEN, and DOCKER_REGISTRY to its host", "if you have a token for that registry, give --token")
	case errors.Is(err, content.ErrDenied):
		return deniedHint(command, err, inNix)
	case errors.As(err, &noTag):
		name := noTag.Reference.Repository.Familiar()
		return fmt.Sprintf("`hocker tags %s` lists them; if they have a suffix, name a tag that has it: %s:TAG", name, name)
	case errors.Is(err, content.ErrNotFound):
		return notFoundHint(err, inNix)
	case errors.As(err, &reach):
		return fmt.Sprintf("if it should, allow this address: HOCKER_ALLOW_ADDRESSES=%s", reach.Address)
	case errors.As(err, new(*fetcher.RedirectError)):
		return ""
	case errors.Is(err, content.ErrUnavailable):
		return unavailableHint(err, inNix)
	case errors.As(err, new(*image.ForeignError)) && fetchesLayers(command):
		return "give --foreign to fetch it from there"
	}
	return ""
}

// commonHint returns the hint that several errors share, or "". A hint for only
// some of them could be wrong for the others.
func commonHint(command string, errs []error) string {
	common := hint(command, errs[0])
	for _, err := range errs[1:] {
		if hint(command, err) != common {
			return ""
		}
	}
	return common
}

// hint returns a way out if the content that was read is of another kind.
func (e *manifestInputError) hint(command string, got image.Kind) string {
	switch got {
	case image.KindEmpty, image.KindTruncated:
		return pick(e.in.file == "", "did the command before the pipe fail? (--fetch asks the registry instead)", "hocker-manifest writes one")
	case image.KindHTML, image.KindText:
		return pick(e.in.file == "", "--fetch asks the registry instead of reading standard input", "hocker-manifest writes one")
	}
	return kindHint(command, got)
}

// platformHint says how to get an image that has only another platform.
func platformHint(command string, e *image.WrongPlatformError, inNix bool) string {
	have := fmt.Sprintf("%.100s", image.FormatPlatform(e.Have))
	switch {
	case inNix:
		return "to lock the image for that platform alone, run hocker lock add --platform " + have
	case strings.Contains(command, " lock"):
		return "lock it for its own platform: --platform " + have
	}
	return "leave out --platform to use the image as it is"
}

// choiceHint says how to choose from an index that lacks the platform that was wanted.
func choiceHint(command string) string {
	switch {
	case strings.Contains(command, " lock"):
		return "hocker lock add --platform locks it for one of them"
	case strings.HasSuffix(command, " load"), strings.HasSuffix(command, " verify"):
		return "" // which have no --platform
	}
	return "--platform chooses one of them"
}

func kindHint(command string, kind image.Kind) string {
	switch kind {
	case image.KindIndex:
		return "choose from it: hocker-manifest --platform OS/ARCH, or docker2nix --fetch with --platform or --all-platforms"
	case image.KindManifest:
		return "the image has a single platform: leave out " + pick(isDocker2nix(command), "--all-platforms", "--index")
	case image.KindSchema1:
		return "the registry has this image only in schema 1, which is obsolete: push it again with a current tool"
	case image.KindArtifact:
		return "it has no file system to run: is it a chart, a signature or a model?"
	case image.KindHTML, image.KindText:
		return "is this the address of a registry (https://HOST/v2/), without a login page in front of it?"
	}
	return ""
}

// isProxyRefusal reports whether a proxy denies access with the credential that
// was sent, or without one.
func isProxyRefusal(err error) bool {
	var proxy *fetcher.ProxyError
	return errors.As(err, &proxy) && (proxy.Status == http.StatusProxyAuthRequired || proxy.Status == http.StatusUnauthorized)
}
