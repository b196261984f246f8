# Everything below is made inside the clone: .venv (tools), .build (import tree), .cache (registries).
# Only skopeo, htpasswd, openssl and what `make fleet` names come into the system, by apt, where they are missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
TREE := .build/ansible_collections/drydock/registry
DISTRIBUTION_3 := 3.1.1
# Tests wait for registries more than they compute.
SIDE_BY_SIDE = -n $(shell expr $$(nproc) + 1) --dist worksteal
CONTROLLERS = 2.18
TARGETS =
CRANE := 0.22.1
REGCLIENT := 0.11.7

# The tools of the virtual environment first, then the registries this Makefile fetched.
export PATH := $(VENV)/bin:$(ROOT)/.cache/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(ROOT)/.build
export PYTHONPATH := $(ROOT)/.build:$(ROOT)/tests
export ANSIBLE_HOME := $(ROOT)/.cache/ansible
export PYTHONDONTWRITEBYTECODE := 1
export OTEL_TRACES_EXPORTER := none

##@ See it

demo: venv registry-2 ## fill a real registry, preview, clean up, clean up again, pull what was kept
	@python -m demo

##@ Check it

test: venv parts ## set up everything, lint, and pass all tests
	@$(MAKE) --jobs=2 --output-sync=line lint integration all-tests

all-tests: venv parts
	@pytest $(SIDE_BY_SIDE) tests/unit tests/real

unit: venv ## the pure tests only (ARGS="-k word" for some)
	@pytest tests/unit $(ARGS)

real: venv parts ## the tests on real registries only (ARGS="-k word" for some)
	@pytest $(SIDE_BY_SIDE) tests/real $(ARGS)

matrix: CONTROLLERS = 2.18 2.19 2.20 2.21 newest
matrix: TARGETS = 3.8 3.9 3.13
matrix: venv parts targets ## the role on every supported version of ansible-core and of Python on the host
	@DRYDOCK_CONTROLLERS="$(CONTROLLERS)" DRYDOCK_TARGETS="$(TARGETS)" pytest tests/real/test_ansible_versions.py

lint: ruff mypy ansible-lint sanity docs-lint docs importer ## every quality gate

ruff: venv
	ruff check .
	ruff format --check .

format: venv ## write the code the way ruff likes it
	ruff check --fix-only --quiet .
	ruff format .

mypy: venv
	mypy $(TREE)/plugins $(wildcard tests demo bench)

ansible-lint: venv
	ansible-lint --offline

docs-lint: venv
	antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
	antsibull-changelog lint
	python .ci/role_readme.py --check
	python .ci/draw_graphs.py --check

sanity: venv
	@bash .ci/ansible-test sanity

integration: venv ## the targets of tests/integration, by ansible-test
	@bash .ci/ansible-test integration --local

importer: venv ## what Galaxy, REUSE and ansible-builder check
	@bash .ci/importer

bench: venv parts bench-clients ## compare with the registries' own collectors and with other clients, in time and memory
	@python -m bench

##@ Build it

role-readme: venv ## the role's README.md, from its argument specs
	python .ci/role_readme.py

pictures: venv ## the pictures in the guides, from the plans of small image graphs
	python .ci/draw_graphs.py

docs: venv ## the documentation as HTML, in .build/docs/html: modules, filters, role, guides
	@bash .ci/build-docs

release: venv ## a commit with the version and its changelog (VERSION=1.1.0)
	@test -n "$(VERSION)" || { echo "make release: which one? VERSION=1.1.0" >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "make release: commit or stash your changes first" >&2; exit 1; }
	@grep -qs '^release_summary:' changelogs/fragments/*.yml || { echo "make release: no fragment has a release_summary" >&2; exit 1; }
	@sed -i 's/^version: .*/version: $(VERSION)/' galaxy.yml
	@antsibull-changelog release
	@git add --all galaxy.yml CHANGELOG.rst changelogs && git commit --quiet --message "Release $(VERSION)"
	@echo "make release: committed; after CI: git tag $(VERSION) && git push origin $(VERSION)"

dist: venv ## the archive for ansible-galaxy, in dist/
	@mkdir -p dist && ansible-galaxy collection build --force --output-path dist

clean: ## remove what make made (the packages that apt installed stay)
	@rm -rf .build .cache .venv dist collections .ansible .mypy_cache .pytest_cache .ruff_cache .hypothesis

##@ Set it up (the others do this by themselves)

venv: .venv/.ready build-tree ## .venv with ansible-core and every tool, rebuilt when requirements*.txt change

.venv/.ready: requirements.txt requirements-dev.txt
	@bash .ci/make-venv $(VENV)
	@touch $@

build-tree: $(TREE) ## .build/ansible_collections/drydock/registry, which is this directory

$(TREE):
	@mkdir -p $(dir $@) && ln -sfn ../../.. $@

parts: registry-1 registry-2 registry-3 crane tools fleet controllers ## the real registries and clients that the tests talk to

registry-1: ## the old v1 registry, docker-registry 0.9.1 (needs Python 2.7)
	@bash .ci/get-part registry-1

registry-2: ## Distribution 2.8, from the Debian or Ubuntu package
	@bash .ci/get-part registry-2

registry-3: ## Distribution 3, compiled from source (needs Go, a few minutes the first time)
	@bash .ci/get-part registry-3 $(DISTRIBUTION_3)

crane: ## go-containerregistry's client, whose `registry serve` is another OCI registry (needs Go)
	@bash .ci/get-part crane $(CRANE)

bench-clients: ## crane, regctl, regbot (needs Go) and jq, which only the benchmark uses
	@bash .ci/get-part bench-clients $(CRANE) $(REGCLIENT)

tools: ## skopeo, htpasswd, openssl (apt, as root or with sudo)
	@bash .ci/get-part tools

fleet: ## sshd, nginx, redis-server, ip, mkfs.ext4 (apt) for hosts in namespaces; none of it is started here
	@bash .ci/get-part fleet

controllers: ## other versions of ansible-core that the tests run with (CONTROLLERS="2.18 ...")
	@bash .ci/get-part controllers $(CONTROLLERS)

targets: ## other versions of Python for the registry's host, of those that are installed (TARGETS="3.8 ...")
	@bash .ci/get-part targets $(TARGETS)

help: ## this text
	@echo 'drydock.registry: make <target>'
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\nA new machine needs: Debian or Ubuntu, Python 3.11 or newer, make, git. Go for the tests on Distribution 3.\n'

.PHONY: all-tests ansible-lint bench bench-clients build-tree clean controllers crane demo dist docs docs-lint fleet \
  format help importer integration lint matrix mypy parts pictures real registry-1 registry-2 registry-3 release role-readme ruff sanity targets \
  test tools unit venv
