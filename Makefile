# Mage AI Studio. Nothing but Python 3.11 and make is assumed; everything else goes to .venv.
# Without an NVIDIA GPU, PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu spares the download of CUDA.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
# Python compiles what it imports by itself; compiling all of torch would take a minute more.
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --no-compile -c requirements.lock

# Starts take twice as long where Python may not keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUNTIME) ## Render a clip and an animation through the whole system, and show where they are
	@$(MANAGE) demo

.PHONY: serve
serve: $(RUNTIME) ## Run everything on this machine: database, queue, web, workers
	@$(MANAGE) serve

.PHONY: test
test: check browser ## Check, then run the tests
	@$(BIN)/pytest --numprocesses auto --dist loadfile

.PHONY: check
check: $(DEVELOPMENT) ## Lint, formatting, types, layers, Django's checks, missing migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MANAGE) check
	@$(BIN)/python -m config.stack.testing manage.py makemigrations --check --dry-run

.PHONY: format
format: $(DEVELOPMENT) ## Format the code and fix what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: hooks
hooks: $(DEVELOPMENT) ## Check before every commit and push
	@$(BIN)/prek install

.PHONY: bench
bench: $(DEVELOPMENT) ## Measure rendering side by side with plain pipelines
	@$(BIN)/python -m bench

.PHONY: mutants
mutants: $(DEVELOPMENT) ## Break money, isolation and the queue on purpose, and see that the tests notice
	@$(BIN)/python -m tests.mutants

.PHONY: eval-model
eval-model: $(RUNTIME) ## Measure what the built-in model learned
	@$(BIN)/python -m training.evaluate

.PHONY: clean
clean: ## Remove the environment, the data and the caches
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps are renewed only when the requirements change.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt requirements.lock | $(BIN)/python
	@echo "Installing the packages into $(VENV) ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo "Installing the development packages into $(VENV) ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# A Chromium for the browser tests: the one named by CHROMIUM or on PATH, else the distribution's, else Playwright's.
.PHONY: browser
browser: $(DEVELOPMENT)
	@if [ -n "$$CHROMIUM" ] || command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi; \
	echo "Installing a browser for the tests ..."; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; then exit 0; fi; \
	$(BIN)/playwright install chromium
