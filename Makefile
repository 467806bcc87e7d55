# Every target sets itself up: a fresh machine needs Python 3.11 or newer, make, and a package registry.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
CLIENTS := $(VENV)/clients

.PHONY: setup browser clients postgres demo test check fix bench bench-peers fuzz autobahn docs lock clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

# The lock file repeats every install, hashes checked; the project itself is installed in place.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/oyez demo

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

# One process more than the two cores of a small machine: much of what tests take is waiting. Browsers
# have the machine to themselves: they stream in real time, and lose audio when they get no turn.
WORKERS ?= 3

test: check browser clients postgres
	$(BIN)/pytest -n $(WORKERS) --ignore tests/browser
	$(BIN)/pytest tests/browser

# What the tests with JavaScript clients need: Chromium, Node.js and the clients themselves.
browser:
	tests/browser/setup.sh

# What the tests of the store need: a PostgreSQL server, which they start and stop themselves.
postgres:
	tests/store/setup.sh

# Other people's Python clients, which the tests run as they were released. Their dependencies clash
# with the project's, and so they have an environment of their own.
clients: $(CLIENTS)/.ready

$(CLIENTS)/.ready: tests/clients/clients.lock
	$(PYTHON) -m venv --clear $(CLIENTS)
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	cp $< $@

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m bench

# Environments for the recognisers that the benchmark puts beside ours.
bench-peers: setup
	$(BIN)/python -m bench.peers

# Checks that take minutes: 100,000 hostile cases, and the WebSocket test suite.
fuzz: setup
	$(BIN)/python -m bench --only fuzz

autobahn: setup
	$(BIN)/python -m bench --only autobahn

docs: setup
	$(BIN)/python -m docs.build

# Rewrites the lock files; needs the network, and is the only target that may change them.
lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras \
	  --group dev --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --output-file requirements.lock --constraint constraints.txt
	$(BIN)/uv pip compile tests/clients/clients.in --excludes tests/clients/clients.excludes \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --output-file tests/clients/clients.lock
	$(BIN)/uv pip compile bench/peers/requirements-whisper.in --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --output-file bench/peers/requirements-whisper.lock
	$(BIN)/uv pip compile bench/peers/requirements-sphinx.in --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --output-file bench/peers/requirements-sphinx.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/out \
	  tests/browser/node_modules
