# One entrance for people and for CI. `make` alone shows what there is.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_VERSION := 0.13.9
UV := $(BIN)/uv pip

.PHONY: help setup demo test check lint types layers prove-full bench lock clean

help:
	@echo "make demo    run the library scenario first-day: 5,000 devices, 24 simulated hours, a report"
	@echo "make test    run the tests"
	@echo "make check   ruff, mypy, import-linter, then the tests (what CI runs)"
	@echo "make prove-full   every seeded defect against every check, and no false alarm with many seeds; hours"
	@echo "make bench   speed and memory as ratios against bare SimPy; writes benchmarks/results/"
	@echo "make lock    compile the hash-pinned lock file again"

setup: $(STAMP)

# The stamp is newer than what it was made from, so a second call installs nothing.
$(STAMP): requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/seatrial run first-day --out out/first-day

test: setup
	$(BIN)/python -m pytest -n auto

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

check: lint types layers test

# Hours: every seeded defect against every check, and the reference with 200 seeds where a check sees what is drawn.
prove-full: setup
	$(BIN)/seatrial prove --full --workers $$(nproc)

bench: setup
	$(BIN)/python -m benchmarks

lock: setup
	$(UV) compile --quiet pyproject.toml --group dev --all-extras --python-version 3.11 --universal --generate-hashes --no-header -o requirements-dev.lock

clean:
	rm -rf $(VENV) out .mypy_cache .pytest_cache .ruff_cache .hypothesis
