# Everything a person types here. `make run` needs Python 3.11 or later and nothing else; every other target sets itself up too.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test test-fast bench bench-docs check format docs reference lock clean

PYTHON ?= python3
SEED ?= 1
JOBS ?= 2
BIN := .venv/bin
FAST := tests/engine tests/planning tests/replay tests/benchmarks tests/test_settings.py src
# uv installs the locked packages five times faster than pip; where it can't (another index, no wheel for it), pip does the same.
INSTALL = tools/install

help: ## what there is to type
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp ## set up, then serve API, console and worker with the sample retailer (Ctrl-C stops it)
	@TROTH_SAMPLE=$${TROTH_SAMPLE:-small} exec $(BIN)/troth serve

setup: .venv/run.stamp ## only the set-up: .venv with troth in its bin
	@true

setup-dev: .venv/dev.stamp ## the set-up with what tests and checks need
	@true

test: .venv/dev.stamp ## all tests; make test ARGS="-k capture" for some
	@tools/chromium
	@$(BIN)/pytest -n $(JOBS) $(ARGS)

test-fast: .venv/dev.stamp ## unit and property tests and doctests: what needs no database and no browser, in a minute
	@$(BIN)/pytest -n $(JOBS) $(FAST) $(ARGS)

bench: .venv/dev.stamp ## all benchmarks; make bench ONLY=capture SEED=7 for one; ACCEPT=1 where it got slower for a reason
	@$(BIN)/python -m benchmarks $(ONLY) --seed $(SEED) $(if $(ACCEPT),--accept)

bench-docs: .venv/dev.stamp ## put the recorded figures into the pages on speed and on decisions
	@$(BIN)/python -m benchmarks.page
	@for page in gap rivals accuracy; do $(BIN)/python -m benchmarks.$${page}_page; done

check: .venv/dev.stamp ## format, lint, types, import rules, tidiness: what a reviewer would otherwise say
	@failed=0; \
	run() { echo "== $$*"; "$$@" || failed=1; }; \
	run $(BIN)/ruff format --check --quiet .; \
	run $(BIN)/ruff check --quiet .; \
	run $(BIN)/mypy src tests tools $(wildcard benchmarks); \
	run $(BIN)/lint-imports --no-logo; \
	run $(BIN)/pytest -q tests/tidy; \
	exit $$failed

format: .venv/dev.stamp ## let ruff format and mend what it can
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

docs: .venv/dev.stamp ## build the documentation into site/; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo "site/index.html"

reference: .venv/dev.stamp ## write the pages on events, refusals and commands from the code
	@$(BIN)/python -m tools.reference

lock: .venv/dev.stamp ## pin the newest versions that pyproject.toml allows, with hashes
	@tools/lock

clean: ## remove what the targets made; data in var/ stays
	@rm -rf .venv site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 has no venv module here; on Debian: apt-get install python3-venv"; exit 1; }

.venv/run.stamp: pyproject.toml requirements.txt requirements-setup.txt | .venv/bin/python
	@$(INSTALL) requirements.txt && touch $@

.venv/dev.stamp: pyproject.toml requirements-dev.txt requirements-setup.txt | .venv/bin/python
	@$(INSTALL) requirements-dev.txt && touch $@ .venv/run.stamp
