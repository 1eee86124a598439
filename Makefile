# Two commands do everything on a fresh machine with Python >= 3.11, git and make: `make repro` and `make test`.
# Override with e.g. `make repro PYTHON=python3.12`, or VENV=/elsewhere.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Other implementations that the conformance tests compare with; never in the product's environment.
OTHERS := .conform
export PATH := $(abspath $(BIN)):$(PATH)
export DVC_NO_ANALYTICS := 1

.PHONY: env conform repro test test-slow check format clean

env: $(READY)  ## the virtual environment, all packages pinned by constraints.txt

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip "setuptools<81" wheel
	@# torch first and by exact version: an open range can pull gigabytes of CUDA packages.
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

conform: $(OTHERS)/.ready  ## what only the conformance tests need

$(OTHERS)/.ready: conformance.txt $(READY)
	rm -rf $(OTHERS)
	$(BIN)/pip install --quiet --no-deps --target $(OTHERS) -r conformance.txt
	@touch $@

repro: $(READY)  ## rebuild whatever is out of date
	$(BIN)/dvc repro

test: $(READY) conform  ## the whole suite but what is marked slow, on two cores
	$(BIN)/pytest -n 2 --dist loadgroup

test-slow: $(READY) conform  ## what takes minutes
	$(BIN)/pytest -m slow

check: $(READY)  ## lint, format, types: what CI runs before the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environment; results stay in DVC's cache and the clip cache
	rm -rf $(VENV) $(OTHERS)
