# make demo and make test work on a fresh clone: they set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
STORE ?= nightpress-store

.PHONY: setup demo test check bench proof outcomes lock format

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -m venv .venv
	@echo "installing the pinned packages into .venv (a minute or two)"
	@# As constraints too: old pips pick the newest for `sqlalchemy[asyncio]` although `sqlalchemy` is pinned.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -c requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	@$(BIN)/nightpress demo --store $(STORE)

test: setup
	@deployments/test.sh

check: setup
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

bench: setup
	@$(BIN)/python -m tests.bench --memory
	@$(BIN)/python -m tests.bench.ledger_index
	@$(BIN)/python -m tests.bench.ensemble
	@$(BIN)/python -m tests.bench.tokens

# Does the reported uplift hold the true one? Seeded nights of known truth: some 15 minutes on two cores.
proof: setup
	@$(BIN)/python -m tests.bench.proof --at-once 2

# What the patterns are worth on what real models answered; DATA=DIR points it at other recordings of the same columns.
outcomes: setup
	@$(BIN)/python -m tests.outcomes $(if $(DATA),--data $(DATA))

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Resolves anew for every supported Python and platform; writes hashes and names no package host.
lock: setup
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --extra production --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group build --extra production --constraint requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--quiet -o deployments/production/requirements.lock
