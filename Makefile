# Every target does its own set-up: a venv under .venv, and Debian's strace where the tests need it.
#
#   make demo     run examples/warming on real data, twice: the second time everything is reused
#   make test     the linters and all tests
#   make check    the linters alone
#   make quick    the tests that take seconds
#   make bench    measure reflow as it is installed, and print the table of targets
#   make bench-slurm   the same on a private Slurm cluster, beside array jobs and the published reflow-hpc
#   make wheels   build the wheels of the four packages into dist/
#   make clean    remove what was built, but not .venv

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -q
SOURCES := reflow-core/src reflow-local/src reflow-slurm/src reflow-sqlite/src
PACKAGES := ./reflow-core ./reflow-sqlite ./reflow-local ./reflow-slurm

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile

$(PY):
	"$$(.ci/python)" -m venv $(VENV)

# Compiled ahead, since start-up is slow from sources where PYTHONDONTWRITEBYTECODE is set.
.PHONY: compiled
compiled:
	@$(PY) -m compileall -q $(SOURCES)

$(VENV)/installed: pyproject.toml | $(PY)
	$(PIP) install -e .
	touch $@

$(VENV)/installed-demo: examples/warming/requirements.txt $(VENV)/installed
	$(PIP) install -r examples/warming/requirements.txt
	touch $@

$(VENV)/installed-dev: pyproject.toml examples/warming/requirements.txt | $(PY)
	$(PIP) install -e '.[dev]' -r examples/warming/requirements.txt
	touch $(VENV)/installed $(VENV)/installed-demo $@

.PHONY: demo
demo: $(VENV)/installed-demo compiled
	@$(PY) examples/warming/demo.py

# What takes longest starts first. Each folder has a process of its own, since a submit looks at all modules that are
# loaded, those of other tests too. Tests wait as well as work, so there is one more at once than there are processors.
LONGEST := $(addprefix tests/,slurm engine crash flows cli)
OTHERS := $(patsubst %/,%,$(filter-out %/__pycache__/,$(wildcard tests/*/))) $(wildcard tests/test_*.py)
FOLDERS := $(LONGEST) $(filter-out $(LONGEST),$(OTHERS))
AT_ONCE := $(shell expr $$(nproc) + 1)

# In memory, since most of what tests do is written to a disk, and waits for it.
.PHONY: test
test: $(VENV)/installed-dev compiled strace lint
	@echo "the folders of tests run beside each other; each says what it has to when it is over"; \
	scratch="$$(mktemp -d "$$(.ci/scratch)/reflow-tests-XXXXXX")"; trap 'rm -rf "$$scratch"' EXIT; \
	chmod 755 "$$scratch"; \
	TMPDIR="$$scratch" $(MAKE) --no-print-directory -k -j$(AT_ONCE) --output-sync=target $(FOLDERS)

.PHONY: $(FOLDERS)
$(FOLDERS):
	$(PY) -m pytest $@

.PHONY: quick
quick: $(VENV)/installed-dev compiled
	$(PY) -m pytest -m 'not slow'

.PHONY: check
check: $(VENV)/installed-dev lint

.PHONY: lint
lint: $(VENV)/installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

# The crash tests stop a run at single system calls. They say so, and fail in CI, when strace is not there.
.PHONY: strace
strace:
	@command -v strace >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	  { apt-get update -q && apt-get install -qy strace; }

.PHONY: bench
bench: $(VENV)/installed-dev
	$(PY) -m benchmarks

# Not in CI: it installs reflow-hpc, and takes minutes.
.PHONY: bench-slurm
bench-slurm: $(VENV)/installed-dev strace
	$(PY) -m benchmarks.slurm

# Not in CI: it installs reflow-hpc, redun and luigi, and takes minutes.
.PHONY: bench-peers
bench-peers: $(VENV)/installed-dev
	$(PY) -m benchmarks.peers

.PHONY: wheels
wheels: $(VENV)/installed-dev
	rm -rf dist
	$(PIP) wheel --no-deps --no-build-isolation -w dist $(PACKAGES)
	@ls dist

.PHONY: clean
clean:
	rm -rf dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis examples/warming/output
