# The targets of hocker. `make` alone lists them.

GO          ?= go
STATICCHECK := $(GO) tool -modfile=tools/go.mod staticcheck
# The tests that need nothing but Go.
UNIT        := ./cmd/... ./fetcher/... ./test/commands ./test/faults
LINKS       := hocker-manifest hocker-config hocker-layer hocker-image docker2nix
# The release is named in one place.
VERSION     := $(shell sed -n 's/^ *version = "\(.*\)";/\1/p' nix/package.nix)

# The binaries run on machines without a C library. Only the race detector of
# the unit tests needs cgo.
export CGO_ENABLED := 0
# All targets build with the same flags, so that they share the build cache.
# Under sudo the checkout belongs to another user, and git refuses to read it:
# hence -buildvcs=false.
export GOFLAGS := $(GOFLAGS) -trimpath -buildvcs=false

# sudo drops the folder of Go's official archive from PATH.
export PATH := $(PATH):/usr/local/go/bin

.PHONY: help
help: ## Tell what there is to make.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: prerequisites
prerequisites:
	@test/prerequisites.sh $(GO)

.PHONY: build
build: prerequisites ## Build bin/hocker, static, and the links to it.
	$(GO) build -ldflags='-s -w -X main.version=$(VERSION)' -o bin/hocker ./cmd/hocker
	@for link in $(LINKS); do ln -sf hocker bin/$$link; done

.PHONY: demo
demo: build ## Take an image from a registry through Nix into Docker, step by step (root).
	test/install.sh demo
	test/demo.sh

.PHONY: check
check: build lint unit ## Check a change: build, format, vet, staticcheck, unit tests (about two minutes the first time, no root).

# lint runs go vet. With CI=true a missing C compiler is an error.
.PHONY: unit
unit:
	@if test "$$CI" = true || CGO_ENABLED=1 $(GO) build runtime/cgo 2>/dev/null; then \
		export CGO_ENABLED=1; set -- -race; \
	else \
		echo "no C compiler here (gcc, libc6-dev): the unit tests run without the race detector" >&2; set --; \
	fi; \
	set -x; $(GO) test "$$@" -vet=off $(UNIT)

# The scripts mostly wait, so more of them run at once than there are cores. The
# timeout is for the slowest machine.
.PHONY: test
test: parts check ## Check and test everything, end to end (root; installs what is missing).
	$(GO) test -count=1 -vet=off -parallel 6 -timeout 3h ./test/...

.PHONY: bare
bare: ## Try the last commit on a bare root of Debian, as a new user does (root).
	test/bare.sh

# Without root, tests that lack a program are skipped and name it. With CI=true
# that is an error.
.PHONY: parts
parts: prerequisites
	{ test/install.sh test && test/suites.sh; } || test "$$CI" != true

.PHONY: lint
lint: ## Check the format, go vet and staticcheck.
	@unformatted=$$(gofmt -l .) && \
		if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted >&2; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

.PHONY: fmt
fmt: ## Format the Go files.
	gofmt -w .

.PHONY: bench
bench: build ## Measure hocker beside its peers.
	test/install.sh bench
	test/suites.sh trixie sid
	bench/run.sh

.PHONY: recording
recording: build ## Record the terminal in README.md anew (root).
	test/install.sh test
	HOCKER_RECORD=1 $(GO) test -count=1 ./test -run '^TestRecording$$'

.PHONY: options
options: ## Write docs/nixos-options.md after a change of the options of the NixOS modules.
	sh nix/tests/options.sh

.PHONY: vendor-hash
vendor-hash: ## Write the vendorHash of nix/package.nix after a change of go.mod.
	sh nix/tests/vendor-hash.sh --update

.PHONY: clean
clean: ## Remove what make has built.
	rm -rf bin result result-*
