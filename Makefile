# Tavola. `make run` opens the shop on http://localhost:8000, `make test` proves it; `make help` lists the rest.

PYTHON := $(shell for python in "$$PYTHON" python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
CHECKS := lint format-check types imports templates house money translations-check migrations

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

MAKEFLAGS += --no-print-directory
export PYTHONUNBUFFERED := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport VIRTUAL_ENV

.PHONY: help run install dev test check $(CHECKS) duplicates translations lock bench bench-scale bench-browser chaos format clean python
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

python:
	@test -n "$(PYTHON)" || { echo "Tavola needs Python 3.11 or newer; set PYTHON to its path." >&2; exit 1; }

install: python
	@$(PYTHON) tools/install.py run
	@$(BIN)/python tools/compile_translations.py

run: install ## the shop, with demo goods, on PORT (8000)
	@exec $(BIN)/tavola serve

dev: python ## install what development needs into .venv
	@$(PYTHON) tools/install.py dev
	@$(BIN)/python tools/compile_translations.py

test: dev ## everything that CI does: checks, then all tests on SQLite and on PostgreSQL with Redis
	@$(BIN)/python tools/chromium.py
	@status=0; $(MAKE) check || status=1; $(BIN)/python tools/run_tests.py || status=1; \
		test $$status = 0 || { echo "*** make test: something above failed ***" >&2; exit 1; }

check: dev ## lint, format, types, import contracts, templates, house rules, no floats in money, translations, migrations
	@$(MAKE) -k -j2 --output-sync=target $(CHECKS) && echo "All checks passed."
	@$(MAKE) duplicates

lint:
	@$(BIN)/ruff check --quiet --output-format concise .

format-check:
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "Run: make format"; exit 1; }

types:
	@$(BIN)/mypy --strict --no-error-summary app bench tools

imports:
	@$(BIN)/lint-imports --no-logo >.venv/imports.txt 2>&1 || { cat .venv/imports.txt; rm -f .venv/imports.txt; exit 1; }
	@rm -f .venv/imports.txt

templates:
	@$(BIN)/djlint templates --lint --quiet
	@$(BIN)/python tools/check_templates.py

house:
	@$(BIN)/python tools/check_house.py

money:
	@$(BIN)/python tools/check_money.py

translations-check:
	@$(BIN)/python tools/check_translations.py

migrations:
	@$(BIN)/python tools/check_migrations.py

duplicates: # for information, where there is such a command
	@command -v duplicates >/dev/null && timeout 60 duplicates || true

translations: dev ## take new sentences into the catalogues of en, de and fr
	@$(BIN)/python tools/catalogues.py
	@$(BIN)/python tools/compile_translations.py
	@$(BIN)/python tools/check_translations.py || echo "Now translate those."

lock: ## resolve the requirements anew; UPGRADE=--upgrade for newer versions
	@$(LOCK) $(UPGRADE) pyproject.toml -o requirements.txt
	@$(LOCK) $(UPGRADE) pyproject.toml --group dev -c requirements.txt --no-annotate -o requirements-dev.txt
	@if grep -nE '://|--index|--extra-index|--find-links' requirements*.txt; then echo "A lock file names an address." >&2; exit 1; fi

bench: dev ## what each page costs, as ratios to plain text of the same server, and what a whole checkout costs
	@$(BIN)/python bench/pages.py
	@$(BIN)/python bench/throughput.py

bench-scale: dev ## lists, searches and product pages with 1,000 to 1,000,000 products (MOST=100000 for fewer)
	@$(BIN)/python bench/scale.py $(MOST)

chaos: dev ## orders and refunds while processes are killed and services fail, on a PostgreSQL of its own (ORDERS=300)
	@$(BIN)/python bench/chaos.py $(ORDERS)

bench-browser: dev ## first paint on slow networks, as ratios to a one-line page
	@$(BIN)/python tools/chromium.py
	@$(BIN)/python bench/browser.py

format: dev ## lay out the code, and mend what can be mended by itself
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

clean: ## remove what can be made again; var/ with its database stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	@find app tests tools bench migrations -name __pycache__ -type d -prune -exec rm -rf {} +
	@find translations -name '*.mo' -delete 2>/dev/null || true
