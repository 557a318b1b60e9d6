# The targets need only Go, except lint, which fetches staticcheck, and bench,
# which needs git and OpenSSH.

GO          = go
FUZZTIME    = 20s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector is written in C; without a C compiler, tests run without it.
# Each of the test programs would sleep for a second before it exits. lint runs
# all of go vet; go test would run a part of it again, compiled for the detector.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
test: export GORACE = atexit_sleep_ms=0

# The tests make and remove a great many small files, which takes a sixth of their
# time on a disk. They do so in memory where there are 4 GB of it, from which
# programs can be started.
ROOM = [ "$$(df -Pm "$$memory" | awk 'END { print $$4 }')" -ge 4000 ] && \
	awk '/^MemAvailable:/ { ok = $$2 >= 4000000 } END { exit !ok }' /proc/meminfo && \
	: >"$$memory/try" && chmod +x "$$memory/try" && "$$memory/try" 2>/dev/null

.DEFAULT_GOAL = help
.PHONY: help build demo test lint cross release bench fuzz clean

# Where release puts its archives.
DIST = dist

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-7s  %s\n", $$1, $$2 }' Makefile

build: ## compile ./vxlite
	$(GO) build -o vxlite ./cmd/vxlite

demo: build ## build a server from the test repositories and call its plugin
	$(GO) run ./internal/demo ./vxlite

test: ## run all tests
	@if [ -z "$$TMPDIR" ] && memory=$$(mktemp -d /dev/shm/vxlite.XXXXXX 2>/dev/null); then \
		trap 'rm -rf "$$memory"' EXIT; trap 'exit 1' INT TERM; \
		if $(ROOM); then export TMPDIR="$$memory"; fi; \
	fi; \
	(set -x; $(GO) test -timeout 30m -vet=off -ldflags=-w $(RACE) ./...)
	@for name in $$(grep -rhoE --include='*_test.go' 'VXLITE_E2E_[A-Z]+' cmd internal | sort -u); do \
		printenv $$name >/dev/null || echo "SKIP: a comparison with upstream: $$name is not set"; \
	done

lint: ## check the code with gofmt, go vet and staticcheck
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) && \
	test -z "$$unformatted" || { echo "not formatted: $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

cross: ## vet the code for other platforms
	@for target in darwin/arm64 linux/arm64 windows/amd64; do \
		(set -x; GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 $(GO) vet ./...) || exit 1; \
	done

release: ## pack vxlite for each platform into DIST, with checksums
	$(GO) run ./internal/release $(DIST)

bench: build ## measure against git and the bare go command
	$(GO) run ./internal/bench ./vxlite

fuzz: ## run each fuzz target for FUZZTIME
	@grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' cmd internal | sort | \
	while IFS=: read -r file name; do \
		(set -x; $(GO) test -run '^$$' -fuzz "^$${name#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "./$${file%/*}") || exit 1; \
	done

clean: ## remove the files that these targets make
	rm -f vxlite
	rm -rf dist
