# One page: `make help` lists the targets. Everything is built below build/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The toolchain that go.mod names, also where the environment pins another one: its standard library has the security fixes.
export GOTOOLCHAIN := $(shell awk '$$1 == "toolchain" { print $$2 }' go.mod)

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null)
LINT     := v2.15.0
BENCHSTAT := v0.0.0-20260908200009-22c9c6c9d4da
CYCLONEDX := v1.9.0
REDOCLY  := @redocly/cli@2.11.1
FUZZTIME ?= 30s
PKG      ?= ./...
CHART_FAULTS := kill,machine,failover,restart-all
BIN      := build/bin
# Leaves the parts of gRPC that nothing uses out of the library of Google Cloud Storage (docs/decisions/015).
TAGS     := disable_grpc_modules

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: run
run: build ## start a server to try out: embedded Redis, demo client and user, no setting needed
	@exec build/oauth2d serve --dev

.PHONY: build
build: ## build build/oauth2d
	@mkdir -p build
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o build/oauth2d ./cmd/oauth2d

.PHONY: test
test: packages $(BIN)/faults ## install what the tests need, then run them all with the race detector
	go vet ./...
	go test -race -timeout 30m $(PKG)
	@.ci/test-api build/oauth2d client
	$(BIN)/faults -fault kill,failover -parallel 2 -out build/test-faults.jsonl

.PHONY: test-api
test-api: build ## hold a running server to api/openapi/admin.yaml: a generated client, and schemathesis (from PyPI)
	@.ci/test-api build/oauth2d

.PHONY: short
short: ## run the tests without the race detector
	go test $(PKG)

.PHONY: packages
packages: ## install the Debian packages that the tests need (root, or with sudo)
	@.ci/packages

.PHONY: redis
redis:
	@PACKAGES='redis-server redis-sentinel redis-tools' .ci/packages

.PHONY: vuln
vuln: ## look for known vulnerabilities that the code can reach (VULNDB=latest: in today's database); part of .ci/run
	@.ci/vuln

.PHONY: lint
lint: $(BIN)/golangci-lint-$(LINT) ## run golangci-lint as .golangci.yml says
	$< run ./...

$(BIN)/golangci-lint-$(LINT):
	@mkdir -p $(BIN)
	GOBIN=$(CURDIR)/$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT)
	@mv $(BIN)/golangci-lint $@

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s); what it finds stays in testdata/fuzz
	@set -e; for pkg in $$(go list $(PKG)); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$target in $$pkg"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

.PHONY: microbench
microbench: ## run the Go benchmarks of the packages
	go test -run '^$$' -bench . -benchmem $(PKG)

.PHONY: $(BIN)/bench
$(BIN)/bench: build
	@mkdir -p $(BIN)
	go build -o $@ ./cmd/bench

BENCHFLAGS = $(if $(QUICK),-quick) $(if $(ROUNDS),-rounds $(ROUNDS)) $(if $(ROWS),-rows '$(ROWS)')

.PHONY: bench
bench: $(BIN)/bench redis ## measure the daemon against ceilings, into build/bench.{json,svg,md}: QUICK=1 ROUNDS=5 ROWS=regexp
	$(BIN)/bench $(BENCHFLAGS)

.PHONY: bench-start
bench-start: $(BIN)/bench redis ## measure the time from the start to the first token: standalone, Sentinel and Cluster mode, with and without TLS
	$(BIN)/bench start

.PHONY: soak
soak: $(BIN)/bench redis ## load the daemon for 30 minutes and plot its memory, into build/soak.svg: DURATION=30m RATE=0 SIGN_INS=2
	$(BIN)/bench soak -duration $(or $(DURATION),30m) -rate $(or $(RATE),0) -sign-ins $(or $(SIGN_INS),2)

# A variable, because $(or …) would take the commas as its own.
GROWTH_SIZES = 10000,100000,1000000,10000000

.PHONY: growth
growth: $(BIN)/bench redis ## compare the cost of requests and the memory at 10 thousand to 10 million grants (8 GB): SIZES=10000,1000000
	$(BIN)/bench growth -sizes $(or $(SIZES),$(GROWTH_SIZES))

.PHONY: scale
scale: $(BIN)/bench redis ## measure one to three daemons on one Sentinel group, and on one cluster of three masters
	$(BIN)/bench scale

.PHONY: flame
flame: $(BIN)/bench redis ## draw flame graphs of the two hottest paths, into build/flame-*.svg
	$(BIN)/bench flame

.PHONY: bench-compare
bench-compare: $(BIN)/bench redis ## measure this build against another commit alternately: OLD=ref, and as bench
	@test -n "$(OLD)" || { echo 'name the commit: make bench-compare OLD=ref' >&2; exit 2; }
	@rm -rf build/old && mkdir -p build/old
	git archive $(OLD) | tar -x -C build/old
	cd build/old && CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "-s -w -X main.version=$(OLD)" -o ../oauth2d-old ./cmd/oauth2d
	$(BIN)/bench -old build/oauth2d-old $(BENCHFLAGS)
	go run golang.org/x/perf/cmd/benchstat@$(BENCHSTAT) build/bench-old.txt build/bench-new.txt

.PHONY: bench-peers
bench-peers: $(BIN)/bench redis ## as bench, with node-oidc-provider (from npm) in the same run
	@mkdir -p build/node-oidc-provider
	cp cmd/bench/peers/node-oidc-provider/* build/node-oidc-provider/
	npm install --prefix build/node-oidc-provider --no-audit --no-fund --loglevel error
	$(BIN)/bench -peers build/node-oidc-provider $(BENCHFLAGS)

.PHONY: cover
cover: ## measure the coverage of all packages by all tests, into build/cover.html
	@mkdir -p build
	go test -coverpkg ./internal/...,./cmd/... -coverprofile build/cover.out $(PKG)
	go tool cover -html build/cover.out -o build/cover.html
	@go tool cover -func build/cover.out | tail -1

.PHONY: $(BIN)/faults
$(BIN)/faults: build
	@mkdir -p $(BIN)
	go build -tags waitone -o $@ ./cmd/faults

.PHONY: faults
faults: $(BIN)/faults packages ## break Redis groups under load and check every answer: N=20 FAULT=name MODE=strict|relaxed|wait1 PARALLEL=2
	$(BIN)/faults -n $(or $(N),1) -fault "$(FAULT)" -mode $(or $(MODE),strict) -parallel $(or $(PARALLEL),1) -down-after $(or $(DOWN_AFTER),1s)

.PHONY: test-faults
test-faults: $(BIN)/faults packages ## one trial of each fault, and the two controls that must lose something
	$(BIN)/faults -controls -parallel $(or $(PARALLEL),2)

.PHONY: faults-cost
faults-cost: $(BIN)/faults packages ## compare the throughput of strict and relaxed durability
	$(BIN)/faults -cost

.PHONY: limits-cost
limits-cost: $(BIN)/faults packages ## compare the processor time of requests with and without limits
	$(BIN)/faults -limits

.PHONY: faults-report
faults-report: $(BIN)/faults ## write the table and the plot of build/faults.jsonl into docs/fault-tests.md
	$(BIN)/faults -docs docs/fault-tests.md

.PHONY: test-rotation
test-rotation: build packages ## rotate every kind of secret under load, on a Sentinel group with TLS and two daemons, and count failed requests
	go test -count=1 -tags rotation -run '^TestRotation$$' -v ./deploy/redis

.PHONY: test-valkey
test-valkey: $(BIN)/faults packages ## the tests of the stores and one trial of each fault, on Valkey (from PyPI)
	@.ci/test-valkey $(BIN)/faults

.PHONY: test-upgrade
test-upgrade: build redis ## replace the previous release (the last tag, or OLD=ref) by this one under load, and roll back
	@.ci/previous build/oauth2d-previous $(OLD)
	CURRENT=build/oauth2d PREVIOUS=build/oauth2d-previous go test -tags upgrade -count=1 -v -timeout 10m ./deploy/upgrade

.PHONY: manifests
manifests: ## make the dashboards, the chart's copies of files below deploy, its schema and deploy/k8s again
	@.ci/deploy-tools helm
	go run ./cmd/dashboards
	go run ./cmd/manifests -helm $(BIN)/helm

.PHONY: test-deploy
test-deploy: test-chart-pods ## check the chart, the manifests and the scripts without a cluster; run the chart's pods under four faults
	@.ci/test-deploy

.PHONY: test-chart-pods
test-chart-pods: $(BIN)/faults packages ## run the pods of the rendered chart as processes, under the faults of FAULT (root)
	@.ci/deploy-tools helm
	@mkdir -p build/deploy
	$(BIN)/helm template oauth2d helm/oauth2d --namespace auth --kube-version 1.34.0 --set issuer=https://login.test \
	  --set redis.tls.source=certManager,redis.tls.certManager.issuerRef.name=ca >build/deploy/chart.yaml
	$(BIN)/faults -chart build/deploy/chart.yaml -fault $(or $(FAULT),$(CHART_FAULTS)) -down-after 2s -out build/chart-faults.jsonl

.PHONY: test-alerts
test-alerts: ## check the rules of Prometheus and the routes of Alertmanager, with a test of each alert; part of test-deploy
	@.ci/test-alerts

.PHONY: test-backup
test-backup: build ## back a Sentinel group up under load, break archives and buckets, wipe and restore; measure a million tokens
	@PACKAGES='redis-server redis-sentinel redis-tools openssl mount' .ci/packages
	BINARY=build/oauth2d go test -tags backup -count=1 -v -timeout 15m ./deploy/backup

.PHONY: test-monitoring
test-monitoring: build ## run Prometheus, Alertmanager and exporters on two daemons under load, and let real faults reach a webhook
	@PACKAGES='redis-server redis-sentinel redis-tools openssl curl prometheus prometheus-alertmanager prometheus-redis-exporter' .ci/packages
	@.ci/test-monitoring build/oauth2d

.PHONY: model
model: ## check the model of the acknowledgement rule, and that the usual advice fails it
	@.ci/packages spin
	docs/model/check.sh

.PHONY: redis-ha
redis-ha: packages ## bring up a local Sentinel group with TLS and ACLs, and print the environment to run on it
	@deploy/redis/bin/ha-up.sh

.PHONY: redis-ha-stop
redis-ha-stop: ## stop that group
	@deploy/redis/bin/ha-down.sh

.PHONY: docs
docs: ## write docs/configuration.md, docs/client-properties.md, docs/cli.md and the served lists of api/openapi/admin.yaml again
	go generate ./internal/config ./internal/clientmeta ./cmd/oauth2d

.PHONY: api-docs
api-docs: ## lint api/openapi/*.yaml and make pages of them, to read in a browser: build/api/{public,admin}.html
	@mkdir -p build/api
	cd api/openapi && npx -y $(REDOCLY) lint
	cd api/openapi && for api in public admin; do npx -y $(REDOCLY) build-docs $$api.yaml -o ../../build/api/$$api.html; done

IMAGE ?= localhost/oauth2d:dev

.PHONY: image
image: ## build the container image with buildah: IMAGE=name ARCH='amd64 arm64'
	@deploy/image/build.sh $(IMAGE) $(ARCH)

.PHONY: image-bases
image-bases: ## make stand-ins of the base images, for a machine that reaches no registry of images (root)
	@PACKAGES='buildah debootstrap' .ci/packages
	@deploy/image/bases.sh

.PHONY: test-image
test-image: image-bases redis ## build the image twice and for two platforms, and run it hardened on real Redis (root)
	@PACKAGES='podman runc fuse-overlayfs uidmap skopeo binutils' .ci/packages
	@deploy/image/test.sh

.PHONY: test-compose
test-compose: image-bases image ## run deploy/compose and its monitoring with podman-compose (from PyPI), and kill its Redis master (root)
	@PACKAGES='prometheus prometheus-alertmanager prometheus-redis-exporter buildah podman runc netavark aardvark-dns uidmap python3-venv curl iproute2' .ci/packages
	@MONITORING=1 deploy/image/bases.sh
	@deploy/compose/test.sh

.PHONY: sbom
sbom: build ## list the modules of the binary as CycloneDX, into build/oauth2d.cdx.json
	go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX) bin -json -output build/oauth2d.cdx.json build/oauth2d

.PHONY: hooks
hooks: ## install the checks before a commit (pre-commit, from PyPI) and the template of commit messages
	@.ci/lint-workflows
	build/venv-workflows/bin/pre-commit install
	git config commit.template .gitmessage

.PHONY: lint-workflows
lint-workflows: ## check .github by actionlint and zizmor (from PyPI), and the configuration of pre-commit
	@.ci/lint-workflows

.PHONY: release-dry-run
release-dry-run: ## make, sign, publish (on loopback) and verify a release: TAG=v1.2.3 IMAGE=no (root)
	@PACKAGES='buildah debootstrap skopeo openssl curl' .ci/packages
	@deploy/release/dry-run.sh

.PHONY: release-prepare
release-prepare: ## move what is unreleased in CHANGELOG.md to VERSION, and set it in the chart: VERSION=v1.2.3
	@test -n "$(filter command environment,$(firstword $(origin VERSION)))" || { echo "name the version: make release-prepare VERSION=$$(go run ./cmd/release next)" >&2; exit 2; }
	go run ./cmd/release prepare $(VERSION)
	@$(MAKE) manifests

.PHONY: clean
clean: ## remove build/
	rm -rf build
