# `make` lists what there is.  The stamps in .venv make a second run instant.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := $(VENV)/.setup
DEV    := $(VENV)/.setup-dev

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP)  ## make .venv with the corrovis command (Python 3.11 or later; 5 GB with torch)

run: $(SETUP)  ## open the page at http://127.0.0.1:7860
	$(BIN)/python app.py

test: $(DEV)  ## run all tests; PYTEST="-k images" chooses
	$(BIN)/python -m pytest $(PYTEST)

check: $(DEV)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(DEV)  ## measure speed, memory and fits
	$(BIN)/python benchmarks/car.py
	$(BIN)/python benchmarks/electrochem.py
	$(BIN)/python benchmarks/inspection.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/steel.py

$(SETUP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements.txt names, about 5 GB: minutes, without a word"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): $(SETUP) requirements-dev.txt
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
