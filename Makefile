# Two commands do: `make demo` to see it, `make test` to trust it. ARGS is handed on: make demo ARGS="--port 9000".

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where this is set to anything, every start compiles all of the code again.
export PYTHONDONTWRITEBYTECODE =
INSTALLED := $(VENV)/.installed

.PHONY: help setup services demo cluster test check bench pages endurance soak lock

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(INSTALLED) ## .venv with exactly what requirements.lock names, and this code

$(INSTALLED): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'There is no $(PYTHON): install Python 3.11 or newer, or name one: make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo '$(PYTHON) lacks the venv module (on Debian: apt-get install python3-venv)' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

services: setup ## what tests need besides Python: TimescaleDB, Kafka, Chromium, client libraries
	$(BIN)/python -m tests.services.install

demo: setup ## a store with a simulated cohort, and its course page
	$(BIN)/lrs demo $(ARGS)

cluster: setup services ## the same as on many machines: Kafka, Redis, TimescaleDB, two API processes, two workers
	$(BIN)/python -m tests.services.cluster $(ARGS)

check: setup ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: setup services check ## everything that must be true before a change goes in
	$(BIN)/python -m pytest -m "not slow" -n auto --dist worksteal $(ARGS)

soak: setup services ## the tests that take long
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: setup services ## how fast, on this machine
	$(BIN)/python -m tests.bench run $(ARGS)

pages: setup services ## a course of 10,000 learners beside one of 100
	$(BIN)/python -m tests.bench pages $(ARGS)

endurance: setup services ## ten minutes of full load, a minute of overload, ten minutes of kills; ARGS="--minutes 2"
	$(BIN)/python -m tests.bench.endurance $(ARGS)

lock: ## requirements.lock anew from pyproject.toml; ARGS=--upgrade for newer versions
	tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && $(PYTHON) -m venv "$$tools" && \
	"$$tools/bin/pip" install --quiet uv && \
	"$$tools/bin/uv" pip compile --quiet --generate-hashes --extra dev --extra tracing --python-version 3.11 --no-emit-index-url \
	    --custom-compile-command "make lock" $(ARGS) pyproject.toml -o requirements.lock
