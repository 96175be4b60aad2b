# Every target works on a fresh clone; `make` lists them.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: help run test science check schema world headline bench clean

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[dev]'
	touch $@

run: .venv/installed ## simulate the headline scenario
	$(BIN)/alignsim run scenarios/isolation.yaml

test: .venv/installed ## the quick tests
	$(BIN)/pytest

science: .venv/installed ## the slow scientific checks
	$(BIN)/pytest -m science

check: .venv/installed ## style, types and layers
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: .venv/installed ## write scenarios/schema.json again
	$(BIN)/alignsim schema --out scenarios/schema.json

bench: .venv/installed ## speed, as ratios
	$(BIN)/python benchmarks/kernel.py

clean: ## remove what can be made again
	rm -rf .venv .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
