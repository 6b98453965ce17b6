# Every target makes what it needs. Packages come from the hashed files in requirements/, and nothing else is fetched.
#   make setup   the development environment in .venv
#   make spark   Spark into it (500 MB), for its tests; `test` and `slow` do so where there is Java, unless SPARK= is given
#   make demo    the whole life of one model, on real flights (ARGS="--days 5" shortens it)
#   make test    the tests, without the slow ones        make slow    the slow ones
#   make check   format, lint, types, import direction   make docs    regenerate what is generated
#   make bench   the benchmarks                          make lock    resolve requirements/ anew (needs uv)
#   make clean   remove everything that was made, except .trivium/

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PIP := $(BIN)/python -m pip
INSTALL := $(PIP) install --quiet --use-pep517 --disable-pip-version-check --no-input
CODE := $(wildcard src tests examples benchmarks)
WORKERS ?= 2
BENCHMARKS ?= $(sort $(wildcard benchmarks/*/*.py))
UV ?= uv
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
PROJECT = --extra demo pyproject.toml

JAVA := $(shell command -v java)
SPARK ?= $(if $(JAVA),spark)

.PHONY: help setup spark demo test slow check bench docs lock clean

help:
	@sed -n 's/^#   //p' Makefile

setup: $(VENV)/dev.ready $(VENV)/package.ready
	@:

spark: setup $(VENV)/spark.ready
	@:

demo: $(VENV)/demo.ready $(VENV)/package.ready
	@$(BIN)/trivium demo $(ARGS)

test: setup $(SPARK)
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(ARGS)

slow: setup $(SPARK)
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: setup
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --quiet --check $(CODE) || { echo "Not formatted: run $(BIN)/ruff format $(CODE)" >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > $(VENV)/imports.log 2>&1 || { cat $(VENV)/imports.log >&2; exit 1; }
	@! grep -nE '://|^ *-[^-]|^--|@ ' requirements/*.txt || { echo "requirements/ names a place: run make lock" >&2; exit 1; }
	@echo "check: lint, format, types, import direction and requirement files are fine"

bench: setup
	@for file in $(BENCHMARKS); do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

docs: setup
	@$(BIN)/python -m trivium.cli.reference docs/reference/cli.md
	@$(BIN)/python -m trivium.pictures.example docs/guide/expected.svg
	@echo "docs: docs/reference/cli.md and docs/guide/expected.svg are fresh"

lock:
	@command -v $(UV) > /dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	@$(LOCK) $(PROJECT) --group dev --output-file requirements/dev.txt
	@$(LOCK) --group spark --no-annotate --output-file requirements/spark.txt
	@$(LOCK) $(PROJECT) --group build --constraint requirements/dev.txt --no-annotate --output-file requirements/demo.txt

clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for everything: the development packages contain those of the demo, at the same versions.
# A requirement file that changed makes the environment anew, so that nothing of the old one stays.
$(VENV)/dev.ready: requirements/dev.txt
	@if [ -e $@ ]; then rm -rf $(VENV); fi
	@$(MAKE) -s --no-print-directory $(BIN)/python
	@$(PIP) --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	@echo "Installing the development packages into $(VENV) (once, about a minute)"
	@$(INSTALL) --require-hashes --requirement $<
	@touch $@ $(VENV)/demo.ready

$(VENV)/demo.ready: requirements/demo.txt
	@if [ -e $@ ]; then rm -rf $(VENV); fi
	@$(MAKE) -s --no-print-directory $(BIN)/python
	@$(PIP) --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	@echo "Installing the packages of the demo into $(VENV) (once, about a minute)"
	@$(INSTALL) --require-hashes --requirement $<
	@touch $@

$(VENV)/spark.ready: requirements/spark.txt $(VENV)/dev.ready
	@echo "Installing Spark into $(VENV) (once, half a minute)"
	@$(INSTALL) --require-hashes --no-build-isolation --requirement $<
	@touch $@

$(VENV)/package.ready: pyproject.toml | $(BIN)/python
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$python" -c '$(SUPPORTED)' 2> /dev/null; then \
	    "$$python" -m venv --clear $(VENV) && exit 0; \
	    echo "$$python cannot make an environment: install its venv module (Debian: python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Trivium needs Python 3.11, 3.12 or 3.13; python3 is $$(python3 --version 2>&1 || echo 'not installed')." >&2; \
	echo "Install one of them, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
	exit 1
