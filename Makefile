# The targets of hocker. `make` alone lists them.

GO          ?= go
STATICCHECK := $(GO) tool -modfile=tools/go.mod staticcheck
# The tests that need only Go.
UNIT        := ./cmd/... ./fetcher/... ./test/commands ./test/faults
LINKS       := hocker-manifest hocker-config hocker-layer hocker-image docker2nix
PREFIX      ?= /usr/local
FUZZTIME    ?= 10s
# Only what handles each byte is inlined: 0.8 MB.
GCFLAGS      = $(shell cat nix/gcflags)
TARGETS     ?= linux/amd64 linux/arm64 linux/riscv64 darwin/amd64 darwin/arm64
# nix/package.nix has the version of the release.
VERSION     := $(shell sed -n 's/^ *version = "\(.*\)";/\1/p' nix/package.nix)

# The binaries run on machines without a C library. Only the race detector of
# the unit tests needs cgo.
export CGO_ENABLED := 0
# All targets build with the same flags, so that they share the build cache. Under sudo,
# another user owns the checkout, and git refuses to read it: hence -buildvcs=false.
export GOFLAGS := $(GOFLAGS) -trimpath -buildvcs=false

# sudo removes the folder of Go's official archive from PATH.
export PATH := $(PATH):/usr/local/go/bin

.PHONY: help
help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: prerequisites
prerequisites:
	@test/prerequisites.sh $(GO)

.PHONY: build
build: prerequisites ## Build bin/hocker, static, and the links to it.
	$(GO) build $(GCFLAGS) -ldflags='-s -w -funcalign=16 -X main.version=$(VERSION)' -o bin/hocker ./cmd/hocker
	@for link in $(LINKS); do ln -sf hocker bin/$$link; done

.PHONY: install
install: build ## Install hocker, its manual pages and its completions below DESTDIR and PREFIX (/usr/local).
	release/manual.sh bin/man1 $(VERSION) $(GO)
	release/install.sh "$(DESTDIR)$(PREFIX)" $(LINKS)

.PHONY: release
release: prerequisites ## Build a release of the last commit into dist, twice, and compare: all TARGETS, SBOMs, licences, hashes.
	release/release.sh dist "$(TARGETS)" "$(LINKS)" $(GO)

.PHONY: demo
demo: build ## Show how an image goes from a registry through Nix into Docker (root).
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

# The scripts mostly wait, so more of them run in parallel than there are cores. The
# timeout is for the slowest machine.
.PHONY: test
test: parts check ## Check and test everything, end to end (root; installs what is missing).
	test/fuzz.sh 300x $(GO)
	$(GO) test -count=1 -vet=off -parallel 6 -timeout 3h ./test/...

.PHONY: fuzz
fuzz: prerequisites ## Try every fuzz target with new inputs, for FUZZTIME (10s) each.
	test/fuzz.sh $(FUZZTIME) $(GO)

.PHONY: bare
bare: ## Try the last commit in a bare root of Debian, as a new user would (root).
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

.PHONY: coverage
coverage: parts ## Measure which statements the tests run, in the binary too (root).
	test/coverage.sh

.PHONY: bench
bench: build ## Compare the speed and memory of hocker and similar tools.
	test/install.sh bench
	test/suites.sh trixie sid
	bench/run.sh

.PHONY: recording
recording: build ## Record the terminal in README.md again (root).
	test/install.sh test
	HOCKER_RECORD=1 $(GO) test -count=1 ./test -run '^TestRecording$$'

.PHONY: options
options: ## Update docs/nixos-options.md, after a change to the modules' options.
	sh nix/tests/options.sh

.PHONY: vendor-hash
vendor-hash: ## Update vendorHash in nix/package.nix, after a change to go.mod.
	sh nix/tests/vendor-hash.sh --update

.PHONY: clean
clean: ## Remove the files that make has built.
	rm -rf bin dist result result-*
