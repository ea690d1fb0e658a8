// Package bundle writes OCI runtime bundles, with which runtimes such as crun and runc run
// images: https://github.com/opencontainers/runtime-spec/blob/v1.2.1/bundle.md
package bundle
