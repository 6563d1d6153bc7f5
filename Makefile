# `make` lists what can be made. Whatever is built or measured goes to .local, which git ignores.

# A service is a folder *-svc with a Go module.
SERVICES := $(patsubst %/go.mod,%,$(wildcard *-svc/go.mod))
MODULES  := libs libs/devstack $(SERVICES) k8s/load
# Go of the charts and the cluster: formatted, tidied and linted as the others are, and tested by lint-charts and e2e.
lint-modules fmt tidy: MODULES += .tools/charts k8s/e2e

GO    ?= go
REDIS ?= auto
LOCAL := $(CURDIR)/.local
BIN   := $(LOCAL)/bin

# These tags leave out what Gin and gocloud.dev bring along and no service uses: 6 MB of codecs for MessagePack, and 15 MB that the
# linker keeps because of gRPC's tracing. They hold for all that is built, run and tested.
export GOFLAGS := $(strip $(GOFLAGS) -tags=nomsgpack,grpcnotrace)

DEVSTACK  := $(BIN)/devstack
LINTER    := $(BIN)/golangci-lint
LINT      := $(LINTER) --config $(CURDIR)/.golangci.yml
UNITTEST  := $(BIN)/helm-unittest
HELM_DOCS := $(BIN)/helm-docs
D2        := $(BIN)/d2
MDLINKS   := $(BIN)/mdlinks

# What is tested is what is committed, not a developer's own go.work.
export GOWORK := off

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

# $(call each,command) runs the command in every module, even after it failed in one, and then fails.
each = failed=; for module in $(MODULES); do (cd "$$module" && $(1)) || failed="$$failed $$module"; done; \
	[ -z "$$failed" ] || { echo "failed in:$$failed" >&2; exit 1; }

##@ Use

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n%s\n' 'MODULES="libs user-svc" narrows test, coverage, lint, fmt and tidy to these modules.'

.PHONY: run
run: $(DEVSTACK) web ## Run Streamgate on port 9000 until Ctrl-C; ARGS="-listen :9001" for another port
	@exec $(DEVSTACK) run $(ARGS)

.PHONY: build
build: need-go web ## Build the services to .local/bin, as they are shipped
	@for service in $(SERVICES); do \
		CGO_ENABLED=0 $(GO) -C $$service build -trimpath -ldflags "-s -w" -o $(BIN)/$$service ./cmd/$$service || exit 1; \
	done

WEB := content-svc/web
.PHONY: web
web: ## Build the web app, if there is npm
	@if ! command -v npm >/dev/null; then echo "web app: not built, for want of npm (Debian: apt-get install npm); everything else works"; \
	elif ! $(MAKE) $(WEB)/dist/index.html.gz; then echo "web app: not built, since npm failed; everything else works"; fi

$(WEB)/dist/index.html.gz: $(WEB)/node_modules/.package-lock.json $(WEB)/build.js $(wildcard $(WEB)/client/src/* $(WEB)/src/* $(WEB)/src/*/*)
	@npm --prefix $(WEB) run --silent build

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	@npm --prefix $(WEB) ci --silent
	@touch $@

.PHONY: docs
docs: need-go ## Render the documentation of all APIs as one page, .local/docs/index.html
	@$(GO) -C libs run ./apidocs/render -out $(LOCAL)/docs $(foreach service,$(SERVICES),$(service)=$(CURDIR)/$(service)/api/openapi.yaml)

.PHONY: clean
clean: ## Remove what was built; the accounts and content of make run stay in .local
	rm -rf $(BIN) $(LOCAL)/coverage $(LOCAL)/docs

##@ Check

.PHONY: test
test: $(DEVSTACK) need-cc ## Test every module with -race on real stores; REDIS=auto, server or miniredis
	@$(DEVSTACK) test -redis=$(REDIS) -- $(MAKE) test-modules

# -count=1: Go's test cache knows nothing of the stores, so a cached result would say nothing about them.
.PHONY: test-modules
test-modules:
	@$(call each,CGO_ENABLED=1 $(GO) test -race -count=1 ./...)

.PHONY: coverage
coverage: $(DEVSTACK) ## Test, and print the share of each module's statements that its tests reach
	@mkdir -p $(LOCAL)/coverage
	@status=0; $(DEVSTACK) test -redis=$(REDIS) -- $(MAKE) cover-modules || status=1; \
	$(call each,printf '%-14s %s\n' "$$module" "$$($(GO) tool cover -func=$(PROFILE) | awk 'END { print $$NF }')"); exit $$status

# -coverpkg: what the end-to-end tests of a module reach in its other packages counts as well.
PROFILE = $(LOCAL)/coverage/$$(echo $$module | tr / -).out
.PHONY: cover-modules
cover-modules:
	@$(call each,$(GO) test -count=1 -coverpkg=./... -coverprofile=$(PROFILE) ./...)

.PHONY: prove
prove: $(DEVSTACK) need-cc need-redis ## Break one thing after the other under load, and print a verdict on each; ARGS=-short for the shorter cut
	@$(GO) -C k8s/load build -o $(BIN)/prove ./cmd/prove
	@$(DEVSTACK) test -- $(BIN)/prove $(ARGS)

PLAYERS := k8s/load/screens/web/node_modules/.package-lock.json
.PHONY: screens
screens: ## Let real players in Chromium and ffmpeg play, and print what people would have seen; ARGS=-short for the shorter cut
	@missing=; for program in chromium ffmpeg npm; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "screens: skipped, for want of$$missing (Debian: apt-get install chromium ffmpeg npm)"; exit 0; fi; \
	$(MAKE) run-screens

.PHONY: run-screens
run-screens: $(DEVSTACK) $(PLAYERS) need-redis
	@$(GO) -C k8s/load build -o $(BIN)/screens ./cmd/screens
	@$(DEVSTACK) test -redis=server -- $(BIN)/screens -work $(LOCAL)/screens $(ARGS)

$(PLAYERS): k8s/load/screens/web/package-lock.json
	@npm --prefix $(<D) ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

BROWSER := $(WEB)/browser
.PHONY: test-browser
test-browser: ## Use the web app in Chromium: four screens, uploads, restarts, accessibility; PICTURES=folder keeps screenshots
	@missing=; for program in chromium ffmpeg npm; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "test-browser: skipped, for want of$$missing (Debian: apt-get install chromium ffmpeg npm)"; exit 0; fi; \
	$(MAKE) run-test-browser

.PHONY: run-test-browser
run-test-browser: $(DEVSTACK) build $(BROWSER)/node_modules/.package-lock.json need-redis
	@npm --prefix $(WEB) test --silent
	@$(DEVSTACK) test -redis=miniredis -- node --test --test-concurrency=1 $(BROWSER)/

PICTURES_OF := refused.jpg films.jpg house.jpg
.PHONY: pictures
pictures: ## Take the pictures of the documents again, by test-browser
	@PICTURES=$(LOCAL)/pictures $(MAKE) test-browser
	@for picture in $(PICTURES_OF); do \
		ffmpeg -loglevel error -y -i $(LOCAL)/pictures/$${picture%.jpg}.png -q:v 4 .github/$$picture || exit 1; \
	done

$(BROWSER)/node_modules/.package-lock.json: $(BROWSER)/package-lock.json
	@npm --prefix $(<D) ci --silent
	@touch $@

.PHONY: bench
bench: $(DEVSTACK) need-redis ## Measure against floors of the same run, and print ratios; ARGS=-quick for a shorter run
	@$(GO) -C k8s/load build -o $(BIN)/bench ./cmd/bench
	@$(DEVSTACK) test -- $(BIN)/bench -service session-svc -work $(LOCAL)/bench $(ARGS)

.PHONY: lint
lint: ## Look for faults in Go and in the charts, for imports across the boundaries, unformatted files and lists of services
	@$(MAKE) --keep-going lint-modules $(if $(filter file,$(origin MODULES)),lint-charts fourth-service)

.PHONY: lint-modules
lint-modules: $(LINTER)
	@$(call each,echo "lint $$module" && $(LINT) run ./...)

# Helm, with its helm lint, is a library of these tests: it need not be installed.
.PHONY: lint-charts
lint-charts: $(UNITTEST) ## Only the charts' part of lint: helm lint, their unit tests, and what they have to agree with
	@failed=; for service in $(SERVICES); do \
		$(UNITTEST) --with-subchart=false -f 'tests/*_test.yaml' -f '../service-lib/suites/*_test.yaml' charts/$$service || failed=yes; \
	done; $(GO) -C .tools/charts test -count=1 ./... && [ -z "$$failed" ]

.PHONY: fourth-service
fourth-service: $(UNITTEST) ## Only that part of lint: copy a service in a scratch folder, and check that everything finds it
	@.tools/fourth-service $(ARGS)

.PHONY: fmt
fmt: $(LINTER) ## Format the Go files
	@$(call each,$(LINT) fmt ./...)

.PHONY: tidy
tidy: need-go ## Tidy every go.mod
	@$(call each,$(GO) mod tidy)
	@$(GO) -C .tools mod tidy
	@$(GO) -C .tools/docs mod tidy

# What is generated and committed: each service's table of settings, written by the service, between the two marks of its README; the
# charts' READMEs, from their values; the schemas of the values, from what all charts share and what each adds; and the README's picture.
.PHONY: generate
generate: build $(HELM_DOCS) $(D2) ## Write again what is generated from the sources
	@$(D2) .github/streamgate.d2 .github/streamgate.svg >/dev/null 2>$(LOCAL)/d2.log || { cat $(LOCAL)/d2.log >&2; exit 1; }
	@$(GO) -C .tools/charts run ./schemas $(CURDIR)/charts $(SERVICES)
	@$(HELM_DOCS) --log-level error --chart-search-root charts --template-files ./service-lib/README.md.gotmpl --sort-values-order file
	@for service in $(SERVICES); do \
		$(BIN)/$$service -help=markdown >$(LOCAL)/settings.md || exit 1; \
		awk -v name="<!-- settings of $$service -->" -v table=$(LOCAL)/settings.md \
			'$$0 == "<!-- end -->" { skip = 0 } !skip { print } $$0 == name { found = skip = 1; while ((getline line < table) > 0) print line } \
			END { exit !found || skip }' $$service/README.md >$(LOCAL)/README.md || \
			{ echo "$$service/README.md has no marks for its settings" >&2; exit 1; }; \
		cmp -s $(LOCAL)/README.md $$service/README.md || cp $(LOCAL)/README.md $$service/README.md || exit 1; \
	done

# Looks at a copy of what git would commit, so that a link to an ignored file is broken here as well. Asks no network.
.PHONY: links
links: $(MDLINKS) ## Fail if a link or anchor in Markdown leads nowhere, or a document is too long
	@rm -rf $(LOCAL)/links && $(SNAPSHOT) >/dev/null && \
		GIT_INDEX_FILE=$(LOCAL)/verify.index git checkout-index --all --prefix=$(LOCAL)/links/
	@$(MDLINKS) -dir $(LOCAL)/links
	@cd $(LOCAL)/links && ! find . -name '*.md' '(' -size +16k -o -path ./README.md -size +8k ')' | grep . || \
		{ echo "links: too long: README.md has at most 8 kB, any other document 16 kB" >&2; exit 1; }

# Compares the work tree before and after, as git trees: so the answer is the same on a clean clone and amid unfinished work.
SNAPSHOT = GIT_INDEX_FILE=$(LOCAL)/verify.index sh -c 'git add --all && git write-tree'
.PHONY: verify
verify: ## Fail if tidy, generate or fmt would change anything, documentation is broken, or third-party code is committed
	@$(GO) -C .tools test -count=1 ./tree
	@mkdir -p $(LOCAL)
	@before=$$($(SNAPSHOT)) && $(MAKE) tidy generate docs fmt links && after=$$($(SNAPSHOT)) && \
	git --no-pager diff --stat --patch --exit-code $$before $$after || \
	{ echo "verify: failed; what it changed, if anything, is in the work tree now, to be committed" >&2; exit 1; }

include k8s/cluster.mk

# The tools

# Go decides what has to be built again. Without cgo, so that make run needs only Go.
.PHONY: $(DEVSTACK)
$(DEVSTACK): need-go
	@CGO_ENABLED=0 $(GO) -C libs/devstack build -o $@ ./cmd/devstack

$(LINTER): .tools/go.mod .tools/go.sum | need-go
	@echo "Building golangci-lint. The first time this takes minutes on a small machine."
	@CGO_ENABLED=0 $(GO) -C .tools build -trimpath -ldflags "-s -w" -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(UNITTEST): CHARTS_TOOL := github.com/helm-unittest/helm-unittest/cmd/helm-unittest
$(HELM_DOCS): CHARTS_TOOL := github.com/norwoodj/helm-docs/cmd/helm-docs
$(UNITTEST) $(HELM_DOCS): .tools/charts/go.mod .tools/charts/go.sum | need-go
	@echo "Building $(@F)."
	@CGO_ENABLED=0 $(GO) -C .tools/charts build -trimpath -ldflags "-s -w" -o $@ $(CHARTS_TOOL)
	@touch $@

$(D2): DOCS_TOOL := oss.terrastruct.com/d2
$(MDLINKS): DOCS_TOOL := github.com/artyom/mdlinks/cmd/mdlinks
$(D2) $(MDLINKS): .tools/docs/go.mod .tools/docs/go.sum | need-go
	@echo "Building $(@F)."
	@CGO_ENABLED=0 $(GO) -C .tools/docs build -trimpath -ldflags "-s -w" -o $@ $(DOCS_TOOL)
	@touch $@

.PHONY: need-redis
need-redis:
	@redis-server --version 2>/dev/null | grep -v 'v=[1-6]\.' >/dev/null && command -v redis-benchmark >/dev/null || { \
		echo "This wants a real Redis: install redis-server 7.0 or newer and redis-benchmark (Debian: apt-get install redis-server)" >&2; exit 1; }

# Asked inside a module, since an older Go may fetch the one that the module names.
.PHONY: need-go
need-go:
	@case "$$(cd libs && $(GO) env GOVERSION 2>/dev/null)" in *go1.2[6-9]* | *go1.[3-9][0-9]*) ;; *) \
		echo "Streamgate needs Go 1.26 or newer: install it from https://go.dev/doc/install" >&2; exit 1 ;; esac

.PHONY: need-cc
need-cc: need-go
	@set -- $$($(GO) env CC) && command -v "$$1" >/dev/null || { \
		echo "go test -race needs a C compiler: install gcc and libc6-dev (Debian, Ubuntu) or your system's equivalent" >&2; exit 1; }
