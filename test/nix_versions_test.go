package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hocker/test/servers"
)

// otherNixes are the Debian suites whose Nix runs the scripts, in addition to this
// machine's. test/suites.sh unpacks them.
var otherNixes = []string{"trixie", "sid"}

// nixFeature is a feature and the scripts that test it.
type nixFeature struct {
	name    string
	scripts []string
}

// nixFeatures are the rows of the table: the features that work with every Nix. Each
// script that is in none of them gets its own row.
var nixFeatures = []nixFeature{
	{"docker2nix, nix-build, docker load, docker run", []string{"spine", "nix_image", "nix_tag_moved"}},
	{"flake: nix build, nix run, nix flake check", []string{"nix_flake"}},
	{"templates: nix flake init, lock, build, load", []string{"nix_templates"}},
	{"pure evaluation; -I DOCKER_CREDENTIALS", []string{"nix_pure"}},
	{"evaluation and its errors", []string{"nix_eval", "errors_eval", "cli_docker2nix"}},
	{"lock files", []string{"lock_nix", "lock_as"}},
	{"shapes: stream, archive, oci, load; verify", []string{"shape_stream", "shape_archive", "shape_oci", "shape_load", "shape_verify"}},
	{"shapes without an engine: rootfs, service, bundle", []string{"shape_rootfs", "shape_rootfs_nspawn", "shape_service", "shape_bundle"}},
	{"names of any length", []string{"nix_long_names"}},
	{"progress: bar and internal-json", []string{"nix_progress"}},
	{"structured attributes, outputHash in every notation", []string{"nix_structured"}},
	{"hocker prefetch of expressions and lock files", []string{"prefetch", "prefetch_lock", "prefetch_daemon", "prefetch_interrupt", "prefetch_roots"}},
	{"expressions of the first hocker", []string{"nix_old"}},
	{"builds that need only hocker, and say why they fail", []string{"nix_closure", "errors_nix"}},
	{"credentials of the caller, or in a file", []string{"nix_auth"}},
	{"credentials of the daemon", []string{"nix_daemon"}},
	{"credentials by extra-sandbox-paths", []string{"nix_sandbox_path", "nix_sandbox_link"}},
	{"credentials by impure-env", []string{"nix_impure_env"}},
	{"secrets stay out of store, derivations, logs", []string{"secrets_nix"}},
	{"TLS with a private authority", []string{"nix_tls"}},
	{"proxies: http, SOCKS, with passwords", []string{"nix_proxy"}},
	{"layers from a binary cache", []string{"nix_cache"}},
	{"a remote builder, ssh and ssh-ng", []string{"nix_remote"}},
	{"NixOS and home-manager modules; their units in systemd", []string{"nix_options", "module_docker", "module_podman", "module_containerd"}},
	{"vendorHash", []string{"nix_vendor_hash"}},
}

// nixOutcomes has the results of the scripts that run Nix, by version and script.
var nixOutcomes struct {
	sync.Mutex
	ended map[[2]string]string
}

// noteNix records the result of a script that ran with a version of Nix.
func noteNix(version, script, outcome string) {
	nixOutcomes.Lock()
	defer nixOutcomes.Unlock()
	if nixOutcomes.ended == nil {
		nixOutcomes.ended = map[[2]string]string{}
	}
	nixOutcomes.ended[[2]string{version, script}] = outcome
}

// nixOutcome returns the recorded result, or an empty string.
func nixOutcome(version, script string) string {
	nixOutcomes.Lock()
	defer nixOutcomes.Unlock()
	return nixOutcomes.ended[[2]string{version, script}]
}

// runsNix matches scripts that use a Nix store.
var runsNix = regexp.MustCompile(`(?m)^nixstore$`)

// nixScripts returns the files of the scripts that run Nix, by name.
func nixScripts(t *testing.T) map[string]string {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if runsNix.Match(text) {
			scripts[strings.TrimSuffix(filepath.Base(file), ".txtar")] = file
		}
	}
	return scripts
}

// TestNixVersions runs the scripts that use Nix with other versions of it, and with
// this machine's unless TestScripts has run them. With -v it prints the table.
func TestNixVersions(t *testing.T) {
	servers.Require(t, "root", "nix-build", "nixbld", "unshare", "mount")
	scripts := nixScripts(t)
	var versions []string
	t.Cleanup(func() { // after the parallel subtests
		t.Logf("\n%s\nPASS: on real servers, in the sandbox. skip: this Nix lacks the feature, or this machine lacks a part.",
			nixTable(scripts, versions))
	})
	for _, origin := range append([]string{servers.System}, otherNixes...) {
		nix, err := servers.FindNix(origin)
		if err == nil && !slices.Contains(versions, nix.Version) {
			versions = append(versions, nix.Version)
		}
		t.Run(origin, func(t *testing.T) {
			if err != nil {
				servers.Lacks(t, err)
			}
			var files []string
			for _, name := range slices.Sorted(maps.Keys(scripts)) {
				if nixOutcome(nix.Version, name) == "" {
					files = append(files, scripts[name])
				}
			}
			if files != nil {
				t.Parallel()
				testscript.Run(t, scriptParams(nix, files))
			}
		})
	}
}

// nixTable returns the table of features and versions.
func nixTable(scripts map[string]string, versions []string) *table {
	features := slices.Clone(nixFeatures)
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		if !slices.ContainsFunc(nixFeatures, func(f nixFeature) bool { return slices.Contains(f.scripts, name) }) {
			features = append(features, nixFeature{name, []string{name}})
		}
	}
	var rows []string
	for _, feature := range features {
		rows = append(rows, feature.name)
	}
	result := newTable("Nix", rows, versions)
	for _, feature := range features {
		for _, version := range versions {
			result.note(feature.name, version, feature.outcome(version))
		}
	}
	return result
}

// outcome returns the worst result of the feature's scripts, or an empty string if one
// of them did not run and none failed.
func (f nixFeature) outcome(version string) string {
	var outcomes []string
	for _, script := range f.scripts {
		outcomes = append(outcomes, nixOutcome(version, script))
	}
	for _, worst := range []string{"FAIL", "", "skip"} {
		if slices.Contains(outcomes, worst) {
			return worst
		}
	}
	return "PASS"
}

// noteNix records the result of the script.
func (s *script) noteNix(name string) {
	ended, ok := s.t.(interface {
		Failed() bool
		Skipped() bool
	})
	switch {
	case !ok:
	case ended.Failed():
		noteNix(s.nix.Version, name, "FAIL")
	case ended.Skipped():
		noteNix(s.nix.Version, name, "skip")
	default:
		noteNix(s.nix.Version, name, "PASS")
	}
}

// nixCondition evaluates the condition [nix>=VERSION] of scripts.
func nixCondition(nix servers.Nix) func(string) (bool, error) {
	return func(condition string) (bool, error) {
		version, ok := strings.CutPrefix(condition, "nix>=")
		if !ok {
			return false, fmt.Errorf("unknown condition %q, expected nix>=VERSION", condition)
		}
		return nix.AtLeast(version), nil
	}
}
