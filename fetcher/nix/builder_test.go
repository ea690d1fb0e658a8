package nix

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hocker/fetcher/credential"
	"hocker/fetcher/reference"
)

type env map[string]string

func (e env) get(name string) string { return e[name] }

// with returns e with some variables changed.
func (e env) with(more env) env {
	all := maps.Clone(e)
	maps.Copy(all, more)
	return all
}

// layerEnv is the environment that Nix gives to a layer's builder.
var layerEnv = env{
	"out": "/nix/store/x-docker-layer.tar.gz", "outputHash": layerBase32, "outputHashAlgo": "sha256", "outputHashMode": "flat",
	"registry": "https://registry-1.docker.io/v2/", "repository": "library", "imageName": "debian", "tag": "",
	"layerDigest": layerBase16, "name": "docker-layer", "system": "x86_64-linux",
}

var debian = reference.Repository{Registry: reference.DockerHub, Path: "library/debian"}

var readBuilderTests = []struct {
	name string
	env  env
	want Builder
	err  string
}{
	{name: "layer", env: layerEnv, want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: debian}},
	{name: "config with a tag", env: layerEnv.with(env{"outputHash": configBase16, "layerDigest": "", "tag": "jessie"}), want: Builder{Out: layerEnv["out"], Digest: configDigest, Repository: debian, Tag: "jessie"}},
	{name: "SRI, which includes the algorithm", env: layerEnv.with(env{"outputHash": configSRI, "outputHashAlgo": "", "layerDigest": configDigest}), want: Builder{Out: layerEnv["out"], Digest: configDigest, Repository: debian}},
	{name: "base16 with algorithm", env: layerEnv.with(env{"outputHash": layerDigest, "outputHashAlgo": "", "outputHashMode": ""}), want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: debian}},
	{name: "no registry", env: layerEnv.with(env{"registry": ""}), want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: debian}},
	{name: "no repository, on Docker Hub", env: layerEnv.with(env{"repository": ""}), want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: debian}},
	{
		name: "another registry, no repository", env: layerEnv.with(env{"registry": "http://localhost:5000/v2/", "repository": ""}),
		want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: reference.Repository{Registry: reference.Registry{Scheme: "http", Host: "localhost:5000"}, Path: "debian"}},
	},
	{
		name: "long path", env: layerEnv.with(env{"registry": "https://h/p/v2/", "repository": "org/team", "imageName": "sub/app"}),
		want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "h", Prefix: "/p"}, Path: "org/team/sub/app"}},
	},
	{name: "sizes", env: layerEnv.with(env{"size": "5", "maxSize": "9223372036854775807"}), want: Builder{Out: layerEnv["out"], Digest: layerDigest, Repository: debian, Size: 5, MaxSize: math.MaxInt64}},

	{name: "negative size", env: layerEnv.with(env{"size": "-1"}), err: `attribute size is "-1", expected a number of bytes`},
	{name: "size too large", env: layerEnv.with(env{"maxSize": "9223372036854775808"}), err: `attribute maxSize is "9223372036854775808", expected a number of bytes`},
	{name: "size in another base", env: layerEnv.with(env{"size": "0x10"}), err: `attribute size is "0x10", expected a number of bytes`},
	{name: "size with a fraction", env: layerEnv.with(env{"size": "1.5"}), err: `attribute size is "1.5", expected a number of bytes`},
	{name: "no environment", env: env{}, err: "out and outputHash are not set: this command is run by Nix, as the builder of a fixed-output derivation"},
	{name: "no hash", env: layerEnv.with(env{"outputHash": ""}), err: "out and outputHash are not set: this command is run by Nix, as the builder of a fixed-output derivation"},
	{name: "another algorithm", env: layerEnv.with(env{"outputHashAlgo": "sha512"}), err: `outputHashAlgo is "sha512", expected sha256`},
	{name: "another mode", env: layerEnv.with(env{"outputHashMode": "recursive"}), err: `outputHashMode is "recursive", expected flat`},
	{name: "wrong hash", env: layerEnv.with(env{"outputHash": "abc"}), err: `outputHash: hash "abc": ` + hashForms},
	{name: "wrong layerDigest", env: layerEnv.with(env{"layerDigest": "abc"}), err: `layerDigest: hash "abc": ` + hashForms},
	{name: "contradiction", env: layerEnv.with(env{"layerDigest": configBase16}), err: "layerDigest does not match the hash: layerDigest is " + configBase16 + ", the hash is " + layerBase16},
	{name: "no image name", env: layerEnv.with(env{"imageName": ""}), err: "the derivation has no imageName"},
	{name: "wrong image name", env: layerEnv.with(env{"imageName": "../x"}), err: `image name "library/../x": expected components of a-z, 0-9 and single . _ - inside, separated by slashes`},
	{name: "wrong registry", env: layerEnv.with(env{"registry": "ftp://x"}), err: `registry "ftp://x": scheme is neither http nor https, expected https://HOST[:PORT]/v2/`},
}

func TestReadBuilder(t *testing.T) {
	for _, tt := range readBuilderTests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadBuilder(Attributes{getenv: tt.env.get})
			checkError(t, err, tt.err)
			if err == nil && got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

var (
	fromFile = credential.Credential{Username: "me", Password: "file"}
	fromEnv  = credential.Credential{Token: "environment"}
)

// FILE in these tests is the path of a credentials file.
var builderCredentialTests = []struct {
	name    string
	env     env
	file    string // its content; empty for no file
	want    credential.Credential
	other   credential.Credential // for ghcr.io
	warning string
	err     string
}{
	{name: "file from NIX_PATH", env: env{"dockerCredentialsFile": "FILE"}, file: "DOCKER_USER=me\nDOCKER_PASS=file\nREGISTRY=docker.io\n", want: fromFile},
	{name: "config.json", env: env{"dockerCredentialsFile": "FILE"}, file: `{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6ZmlsZQ=="}}}`, want: fromFile},
	{name: "environment before file", env: env{"dockerCredentialsFile": "FILE", "DOCKER_TOKEN": "environment", "DOCKER_REGISTRY": "docker.io"}, file: "REGISTRY=docker.io\nUSERNAME=me\nPASSWORD=file\n", want: fromEnv},
	{name: "environment without file", env: env{"dockerCredentialsFile": "FILE", "DOCKER_TOKEN": "environment", "DOCKER_REGISTRY": "docker.io"}, want: fromEnv},
	{name: "no file", env: env{"dockerCredentialsFile": "FILE"}, warning: "warning: credentials file: stat FILE: no such file or directory: is it in extra-sandbox-paths, and readable by the group nixbld?"},
	{name: "empty variables", env: env{"dockerCredentialsFile": "FILE", "DOCKER_USER": "", "DOCKER_PASS": "", "DOCKER_TOKEN": "", "DOCKER_AUTH_CONFIG": ""}, file: "REGISTRY=docker.io\nUSERNAME=me\nPASSWORD=file\n", want: fromFile},
	{name: "broken file", env: env{"dockerCredentialsFile": "FILE"}, file: "USERNAME=me\nhunter2\n", err: "credentials file FILE: line 2: expected NAME=value"},
	{name: "user without password", env: env{"dockerCredentialsFile": "FILE", "DOCKER_USER": "me"}, file: "REGISTRY=docker.io\nUSERNAME=me\nPASSWORD=file\n", err: "DOCKER_USER is given without DOCKER_PASS"},
	{name: "environment", env: env{"DOCKER_TOKEN": "environment", "DOCKER_REGISTRY": "docker.io"}, want: fromEnv},
	{name: "nothing", env: env{}},
	{name: "netrc", env: env{"dockerCredentialsFile": "FILE"}, file: "machine registry-1.docker.io login me password file\n", want: fromFile},
	{name: "for any host", env: env{"DOCKER_TOKEN": "environment", "DOCKER_REGISTRY": "*"}, want: fromEnv},
	{name: "for another host", env: env{"dockerCredentialsFile": "FILE", "DOCKER_TOKEN": "environment", "DOCKER_REGISTRY": "ghcr.io"}, file: "REGISTRY=docker.io\nUSERNAME=me\nPASSWORD=file\n", want: fromFile, other: fromEnv},
	{name: "environment without a host", env: env{"DOCKER_TOKEN": "environment"}, err: "a credential is set, but not the host it is for"},
	{name: "environment without a host, file for this host", env: env{"dockerCredentialsFile": "FILE", "DOCKER_TOKEN": "environment"}, file: "REGISTRY=docker.io\nUSERNAME=me\nPASSWORD=file\n", want: fromFile},
	{name: "file without a host", env: env{"dockerCredentialsFile": "FILE"}, file: "USERNAME=me\nPASSWORD=file\n", err: "a credential is set, but not the host it is for"},
	{name: "netrc without a host", env: env{"dockerCredentialsFile": "FILE"}, file: "default login me password file\n", err: "a credential is set, but not the host it is for"},
}

func TestBuilderCredentials(t *testing.T) {
	_, err := os.Stat(credentialsFile)
	machineHasFile := err == nil
	for _, tt := range builderCredentialTests {
		t.Run(tt.name, func(t *testing.T) {
			e := maps.Clone(tt.env)
			if e["dockerCredentialsFile"] == "" && machineHasFile {
				t.Skip("this machine has " + credentialsFile)
			}
			path := filepath.Join(t.TempDir(), "credentials")
			if e["dockerCredentialsFile"] != "" {
				e["dockerCredentialsFile"] = path
			}
			if tt.file != "" {
				if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var warnings []string
			find, err := Builder{Repository: debian, credentialsFile: e["dockerCredentialsFile"]}.Credentials(e.get, func(line string) { warnings = append(warnings, line) })
			var got credential.Credential
			if err == nil {
				got, err = find(t.Context(), debian)
			}
			checkError(t, err, strings.ReplaceAll(tt.err, "FILE", path))
			if want := strings.ReplaceAll(tt.warning, "FILE", path); strings.Join(warnings, "\n") != want {
				t.Errorf("warnings\n got: %q\nwant: %s", warnings, want)
			}
			if err != nil {
				return
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			other := reference.Repository{Registry: reference.Registry{Scheme: "https", Host: "ghcr.io"}, Path: "library/debian"}
			if got, err := find(t.Context(), other); err != nil || got != tt.other {
				t.Errorf("another registry: got %+v, %v, want %+v", got, err, tt.other)
			}
		})
	}
}
