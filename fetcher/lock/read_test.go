package lock

import (
	"bytes"
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

//go:embed testdata/hocker.lock.json
var example string

func parseExample(t *testing.T) File {
	t.Helper()
	f, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseAndFormat(t *testing.T) {
	f := parseExample(t)
	printed, err := f.Format()
	if err != nil || string(printed) != example {
		t.Errorf("parsed and formatted, it is %s, %v", printed, err)
	}
	app, debian := f.Images["app"], f.Images["debian"]
	if !app.Pinned() || app.Reference.Tag != "1" || app.Reference.Digest != app.Platforms["armv7l-linux"].Manifest.Digest {
		t.Errorf("app: %+v", app)
	}
	if debian.Pinned() || debian.Reference.String() != "docker.io/library/debian:bookworm" || debian.Digest() != debian.Index.Digest {
		t.Errorf("debian: %+v", debian)
	}
	if got, want := debian.Size(), int64(529+529+1469+1469+52500000); got != want {
		t.Errorf("debian has %d bytes, want %d", got, want)
	}
}

// editTests change a line of the example.
var editTests = []struct {
	name     string
	old, new string
	err      string
}{
	{name: "newer", old: `"version": 1`, new: `"version": 5, "bundles": {}`, err: `:79: version 5 was written by a newer hocker; this one supports up to version 4: update hocker`},
	{name: "version 0", old: `"version": 1`, new: `"version": 0`, err: `:79: unknown version 0, expected 1 to 4`},
	{name: "version as a string", old: `"version": 1`, new: `"version": "1"`, err: `:79: version: expected a non-negative integer`},
	{name: "no version", old: `"version": 1`, new: `"versoin": 1`, err: `:1: missing version: is it a hocker lock file?`},
	{name: "version in another case", old: `"version": 1`, new: `"Version": 1`, err: `:1: missing version: is it a hocker lock file?`},
	{name: "unknown key at the top", old: `"version": 1`, new: `"version": 1, "x": null`, err: `:79: unknown key "x", expected one of ["images" "version" "sources"]`},
	{name: "unknown key of an image", old: `"pinned": true`, new: `"pined": true`, err: `:5: images.app: unknown key "pined", expected one of ["imageName" "platforms" "registry" "repository" "tag" "allPlatforms" "as" "follow" "index" "locked" "noVerify" "pinned" "signedBy" "sources"]`},
	{name: "key in another case", old: `"pinned": true`, new: `"Pinned": true`, err: `:5: images.app: unknown key "Pinned", expected one of ["imageName" "platforms" "registry" "repository" "tag" "allPlatforms" "as" "follow" "index" "locked" "noVerify" "pinned" "signedBy" "sources"]`},
	{name: "key twice", old: `"pinned": true`, new: `"imageName": "app"`, err: `:5: duplicate key "images.app.imageName"`},
	{name: "image twice", old: `"debian": {`, new: `"app": {`, err: `:26: duplicate key "images.app"`},
	{name: "missing", old: "\"tag\": \"1\"\n", new: "\"pinned\": true\n", err: `:24: duplicate key "images.app.pinned"`},
	{name: "no tag", old: ",\n      \"tag\": \"1\"", new: "", err: `:3: images.app: missing tag`},
	{name: "name", old: `"debian": {`, new: `"de bian": {`, err: `:26: images: name "de bian": expected the name of a Nix attribute: a letter or _, then letters, digits, _ and -`},
	{name: "reserved name", old: `"debian": {`, new: `"platforms": {`, err: `:26: images: name "platforms": reserved word in Nix, cannot be an image name`},
	{name: "registry", old: `"https://registry-1.docker.io/v2/"`, new: `"ftp://x/v2/"`, err: `:74: images.debian.registry: registry "ftp://x/v2/": scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
	{name: "password", old: `"https://registry-1.docker.io/v2/"`, new: `"https://me:hunter2@x/v2/"`, err: `:74: images.debian.registry: registry: address must not contain a user name, query or fragment: pass credentials with their own flags or variables`},
	{name: "another spelling of the registry", old: `"https://registry-1.docker.io/v2/"`, new: `"docker.io"`, err: `:74: images.debian.registry: "docker.io" is written as "https://registry-1.docker.io/v2/" here`},
	{name: "repository", old: `"org/team"`, new: `"org/../team"`, err: `:4: images.app.imageName: image name "org/../team/app": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{name: "name split at another slash", old: `"imageName": "app"`, new: `"imageName": "x/app"`, err: `:4: images.app.imageName: repository and imageName divide "org/team/x/app" at its last slash: "org/team/x" and "app"`},
	{name: "missing library/ of Docker Hub", old: `"library"`, new: `""`, err: `:28: images.debian.imageName: repository and imageName divide "library/debian" at its last slash: "library" and "debian"`},
	{name: "tag", old: `"bookworm"`, new: `"${x}"`, err: `:76: images.debian.tag: tag "${x}": expected at most 128 characters of a-z, A-Z, 0-9, _ . -, not starting with . or -`},
	{name: "tag as a number", old: `"tag": "1"`, new: `"tag": 1`, err: `:24: images.app.tag: expected a string`},
	{name: "tag of another digest", old: `"bookworm"`, new: `"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`, err: `:76: images.debian.tag: the locked image has another digest, sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: run ` + "`hocker lock update`"},
	{name: "pinned twice", old: `"tag": "1"`, new: `"tag": "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`, err: `:5: images.app.pinned: the tag is already a digest: remove this`},
	{name: "pinned is not a boolean", old: `"pinned": true`, new: `"pinned": "yes"`, err: `:5: images.app.pinned: expected true or false`},
	{name: "as by digest", old: `"pinned": true`, new: `"as": "x@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"`, err: `:5: images.app.as: name "x@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03": an image is loaded under a name and a tag, not under a digest`},
	{name: "as without a tag", old: `"pinned": true`, new: `"as": "x"`, err: `:5: images.app.as: "x" is written as "x:latest" here`},
	{name: "as in full", old: `"pinned": true`, new: `"as": "docker.io/library/x:1"`, err: `:5: images.app.as: "docker.io/library/x:1" is written as "x:1" here`},
	{name: "as with invalid characters", old: `"pinned": true`, new: `"as": "${x}:1"`, err: `:5: images.app.as: image name "${x}": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{name: "as a number", old: `"pinned": true`, new: `"as": 1`, err: `:5: images.app.as: expected a string`},
	{name: "locked with another tag", old: `"pinned": true`, new: `"locked": "2@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`, err: ":5: images.app: its tag or digest was changed without the rest: run `hocker lock update`"},
	{name: "locked with another digest", old: `"pinned": true`, new: `"locked": "1@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"`, err: ":5: images.app: its tag or digest was changed without the rest: run `hocker lock update`"},
	{name: "locked without a digest", old: `"pinned": true`, new: `"locked": "1"`, err: `:5: images.app.locked: expected TAG@DIGEST`},
	{name: "locked as a number", old: `"pinned": true`, new: `"locked": 1`, err: `:5: images.app.locked: expected a string`},
	{name: "locked of a digest", old: `"tag": "bookworm"`, new: `"locked": "1@x", "tag": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`, err: `:76: images.debian.locked: the tag is a digest: remove this`},
	{name: "follow of a pinned image", old: `"pinned": true`, new: `"pinned": true, "follow": "1.*"`, err: `:5: images.app.follow: a pinned image follows no tags: remove this, or the digest`},
	{name: "follow one tag", old: `"pinned": true`, new: `"follow": "1"`, err: `:5: images.app.follow: pattern "1": matches one tag only: add a *, as in 1.29.*, or name that tag`},
	{name: "follow a number", old: `"pinned": true`, new: `"follow": 1`, err: `:5: images.app.follow: expected a string`},
	{name: "signedBy another algorithm", old: `"pinned": true`, new: `"signedBy": "sha512:` + strings.Repeat("0", 128) + `"`, err: `:5: images.app.signedBy: digest sha512:000000000000000000000000000000000… uses sha512, expected sha256`},
	{name: "signedBy without an algorithm", old: `"pinned": true`, new: `"signedBy": "5891"`, err: `:5: images.app.signedBy: digest "5891": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "signedBy and noVerify", old: `"pinned": true`, new: `"noVerify": true, "signedBy": "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`, err: `:5: images.app.signedBy: with noVerify, no key vouches for the image: remove one of the two`},
	{name: "noVerify is not a boolean", old: `"pinned": true`, new: `"noVerify": 1`, err: `:5: images.app.noVerify: expected true or false`},
	{name: "platform of another system", old: `"linux/amd64"`, new: `"linux/arm64"`, err: `:71: images.debian.platforms.x86_64-linux.platform: linux/arm64 does not match x86_64-linux`},
	{name: "platform", old: `"linux/amd64"`, new: `"amd64"`, err: `:71: images.debian.platforms.x86_64-linux.platform: platform "amd64": expected os/arch or os/arch/variant, such as linux/arm64 or linux/arm/v7`},
	{name: "system", old: `"x86_64-linux": {`, new: `"x86_64": {`, err: `:71: images.debian.platforms.x86_64.platform: linux/amd64 does not match x86_64`},
	{name: "digest", old: `"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"`, new: `"sha256:5891"`, err: `:55: images.debian.platforms.x86_64-linux.config: digest "sha256:5891": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "upper case digest", old: `"sha256:5891b5b522d5df`, new: `"sha256:5891B5B522D5DF`, err: `:55: images.debian.platforms.x86_64-linux.config: digest "sha256:5891B5B522D5DF086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03": expected sha256: and 64 lower-case hexadecimal digits`},
	{name: "sha512", old: `"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"`, new: `"sha512:` + strings.Repeat("0", 128) + `"`, err: `:55: images.debian.platforms.x86_64-linux.config: digest sha512:000000000000000000000000000000000… uses sha512, expected sha256`},
	{name: "size", old: `52500000
            }
          ],
          "manifest": {
            "digest": "sha256:486`, new: `-1
            }
          ],
          "manifest": {
            "digest": "sha256:486`, err: `:63: images.debian.platforms.x86_64-linux.layers[0].size: expected a non-negative integer`},
	{name: "fraction", old: `"size": 1853`, new: `"size": 1853.5`, err: `:32: images.debian.index.size: expected a non-negative integer`},
	{name: "media type of a config", old: `application/vnd.docker.container.image.v1+json`, new: `application/vnd.cncf.helm.config.v1+json`, err: `:53: images.debian.platforms.x86_64-linux: expected an image manifest, but it is the manifest of an artifact that is not an image (its config is of type "application/vnd.cncf.helm.config.v1+json")`},
	{name: "media type of a layer", old: `application/vnd.docker.image.rootfs.diff.tar.gzip`, new: `application/octet-stream`, err: `:53: images.debian.platforms.x86_64-linux: expected an image manifest, but it is the manifest of an artifact that is not an image (it has a layer of type "application/octet-stream")`},
	{name: "invalid media type", old: `application/vnd.docker.image.rootfs.diff.tar.gzip`, new: `application/x.tar \n`, err: `:61: images.debian.platforms.x86_64-linux.layers[0]: "application/x.tar \n" is not a media type`},
	{name: "media type of the index", old: `manifest.list.v2+json`, new: `manifest.v2+json`, err: `:29: images.debian.index: mediaType "application/vnd.docker.distribution.manifest.v2+json" is not that of an index`},
	{name: "media type of a manifest", old: `"application/vnd.oci.image.manifest.v1+json"`, new: `"application/vnd.oci.image.index.v1+json"`, err: `:7: images.app.platforms.armv7l-linux: mediaType "application/vnd.oci.image.index.v1+json" is not that of an image manifest`},
	{name: "layers", old: `"layers": []`, new: `"layers": {}`, err: `:13: images.app.platforms.armv7l-linux.layers: expected a list, […]`},
	{name: "null", old: `"layers": []`, new: `"layers": null`, err: `:13: images.app.platforms.armv7l-linux.layers: expected a list, […]`},
	{name: "platforms", old: `"platforms": {
        "aarch64-linux"`, new: `"platforms": {}, "index": {
        "aarch64-linux"`, err: `:34: duplicate key "images.debian.index"`},
	{name: "conflict", old: `      "tag": "1"`, new: "<<<<<<< HEAD\n      \"tag\": \"1\"", err: ":24: unresolved merge conflict: resolve it, or take either side and run `hocker lock update`"},
	{name: "trailing comma", old: `"tag": "1"`, new: `"tag": "1",`, err: `:25: invalid JSON: invalid character '}' looking for beginning of object key string`},
	{name: "truncated", old: `"version": 1
}
`, new: ``, err: `:79: invalid JSON: unexpected end of JSON input`},
	{name: "trailing data", old: `"version": 1
}`, new: `"version": 1
}{}`, err: `:80: invalid JSON: invalid character '{' after top-level value`},
}

func TestParseEdited(t *testing.T) {
	for _, tt := range editTests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(example, tt.old) != 1 {
				t.Fatalf("%q is not in the example, or more than once", tt.old)
			}
			f, err := Parse([]byte(strings.Replace(example, tt.old, tt.new, 1)))
			checkFileError(t, f, err)
			if err == nil || err.Error() != tt.err {
				t.Errorf("error\n got: %v\nwant: %s", err, tt.err)
			}
		})
	}
}

func TestParseOther(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   ": the file is empty: remove it to start a new one",
		" \n":                                ": the file is empty: remove it to start a new one",
		"[]":                                 ":1: expected an object, {…}",
		"{}":                                 ":1: missing version: is it a hocker lock file?",
		`{"version": 1}`:                     ":1: missing images",
		`{"version": 1, "images": []}`:       ":1: images: expected an object, {…}",
		`{"version": 99999999999999999999}`:  ":1: version: expected a non-negative integer",
		strings.Repeat("[", 20000):           ":1: invalid JSON: invalid character '[' exceeded max depth",
		`{"version": 1, "images": {"a": 1}}`: ":1: images.a: expected an object, {…}",
		`{"version": 1, "images": {"a": ` + strings.Repeat("[", 500) + `}}`: ":1: invalid JSON: invalid character '}' looking for beginning of value",
	} {
		f, err := Parse([]byte(in))
		checkFileError(t, f, err)
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", in, err, want)
		}
	}
}

// checkFileError checks that err is a *FileError and f is empty.
func checkFileError(t *testing.T, f File, err error) {
	t.Helper()
	var wrong *FileError
	if err != nil && (!errors.As(err, &wrong) || !reflect.DeepEqual(f, File{})) {
		t.Errorf("got %+v and %T", f, err)
	}
}

func TestReadNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	path := filepath.Join(dir, "empty.json")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": the file is empty") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(byteOrderMark + strings.Replace(example, `"pinned": true`, `"as": "x:1"`, 1)))
	f.Add([]byte(strings.Replace(example, `"pinned": true`, `"follow": ">=1.2 <2"`, 1)))
	for _, tt := range editTests {
		f.Add([]byte(strings.Replace(example, tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		checkFileError(t, file, err)
		if err != nil {
			return
		}
		printed, err := file.Format()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%s does not parse: %v", printed, err)
		}
		twice, err := again.Format()
		if err != nil || !bytes.Equal(printed, twice) || !reflect.DeepEqual(file, again) {
			t.Errorf("parsed again, it differs:\n%s\n%s", printed, twice)
		}
	})
}
