# Every target works on a machine with nothing but Go, unless it says otherwise.
export CGO_ENABLED = 0
GO ?= go

.DEFAULT_GOAL := help
.PHONY: help demo build check test race lint golden fuzz bench lab slow

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

demo: build ## the first minute: a healthy balancer passes, a broken upgrade is refused
	bin/loadline demo

build: ## build bin/loadline
	$(GO) build -trimpath -o bin/loadline ./cmd/loadline

check: lint test ## what CI runs

# One package at a time: tests that measure must not measure each other.
test: ## all tests; those of HAProxy, nginx and Chromium skip where not installed
	$(GO) vet ./...
	$(GO) test -p 1 -timeout 20m ./...

race: ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 40m ./...

lint: ## gofmt, vet and the pinned staticcheck
	@test -z "$$(gofmt -l cmd scenarios probes reports infra)" || { gofmt -l cmd scenarios probes reports infra; echo 'run gofmt -w on these'; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=.tools/go.mod staticcheck ./...

golden: ## write the golden files again; review the diff
	LOADLINE_UPDATE=1 $(GO) test ./scenarios/... ./reports/... ./cmd/...

fuzz: ## fuzz each decoder for 30 s
	@for t in $$(grep -rlE '^func Fuzz' --include=*_test.go .); do \
	  for f in $$(grep -oE '^func Fuzz[A-Za-z0-9]+' $$t | cut -c6-); do \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 30s -fuzzminimizetime 10x ./$$(dirname $$t) || exit 1; \
	  done; \
	done

bench: ## figures of the README: peers and loadline side by side (uses curl, nginx, wrk where installed)
	LOADLINE_BENCH=1 $(GO) test -timeout 60m -count 1 -v ./infra/bench

slow: ## the operating characteristics of the judge, in full
	LOADLINE_SLOW=1 $(GO) test -timeout 60m -count 1 -v -run 'T[0-9]' ./reports/compare

lab: build ## the incidents D1-D6 and their healthy twins on real HAProxy and nginx
	LOADLINE_LAB=1 $(GO) test -timeout 55m -count 1 -v -run 'TestIncidents' ./infra/drill
