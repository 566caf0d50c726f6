# Two commands do everything on a machine with Python 3.11 or later, git, make and a network:
#   make demo    build a synthetic system of 100,000 people and open it to the browser (SERVE=0: build only)
#   make test    every check, and every test
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN    := .venv/bin
PEOPLE ?= 100000
SEED   ?= 1
HOME_FOLDER ?= demo-data
SERVE  ?= 1
PORT   ?= 8000

.PHONY: demo test tools check docs lock benchmarks clean

demo: .venv/.installed
	$(BIN)/goldenthread demo $(HOME_FOLDER) --people $(PEOPLE) --seed $(SEED) $(if $(filter 0 no,$(SERVE)),,--serve --port $(PORT))

test: check tools
	$(BIN)/python -m pytest -n 2 --dist loadfile

# a browser and a database server for the tests
tools:
	.ci/tools

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: .venv/.installed-dev
	$(BIN)/python docs/make_docs.py
	$(BIN)/python docs/make_catalogue.py
	$(BIN)/python docs/make_commands.py

lock:
	.ci/lock

clean:
	rm -rf .venv demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Golden Thread needs Python 3.11 or later, and found none. Install it, then try again."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Golden Thread needs Python 3.11 or later; $(PYTHON) is older. Name a newer one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@command -v npm >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-npm.lock
	$(BIN)/python -m goldenthread.web.assets.build
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
