# The commands of Paydesk. `make run` and `make test` set up everything that they need.

PYTHON ?= python3
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
NODE := .node
LANGUAGES := en fr ja sv
TEXTS := webapp/translations
POT := $(TEXTS)/messages.pot
CATALOGUES := $(wildcard $(TEXTS)/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
VENDOR := webapp/static/vendor/.done
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
# uv writes no address into what it locks; PyPI's own spelling of names and hashes stays
COMPILE = $(VENV)-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock" --python-version 3.11

# many short processes start here: without compiled files each would take seconds
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint check bench soak fuzz lock texts browser-files clean

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*  ## /make \1	/p' $(MAKEFILE_LIST) | expand -t 20

run: export PAYDESK_ENV = development
run: $(VENV)/local.done $(VENDOR) $(COMPILED)  ## start everything on this machine, until Ctrl-C
	@exec $(BIN)/python -m tasks.local

test: $(VENV)/dev.done $(VENDOR) $(COMPILED)  ## run the tests on SQLite, PostgreSQL, Redis and a browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(ARGS)

lint: $(VENV)/dev.done $(VENDOR) $(COMPILED)  ## format, rules, types, imports, templates, texts, sizes, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint webapp/templates --lint --quiet
	$(BIN)/python -m tests.checks.sizes
	$(BIN)/python -m tests.checks.texts
	$(BIN)/python -m tests.checks.migrations

check: lint test  ## what CI runs

bench: $(VENV)/dev.done $(VENDOR) $(COMPILED)  ## figures beside their baselines
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/dev.done $(VENDOR) $(COMPILED)  ## the long runs: many histories, many kills
	$(BIN)/python -m pytest -m slow --timeout 0 -s $(ARGS)

fuzz: $(VENV)/dev.done $(VENDOR) $(COMPILED)  ## the REST API against 500 made-up cases a call
	$(BIN)/python -m pytest tests/webapp/api/test_fuzz.py -m slow --timeout 0 -s $(ARGS)

lock:  ## choose versions again, within pyproject.toml and package.json
	test -x $(VENV)-lock/bin/uv || $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --extra local --output-file requirements/local.txt
	$(COMPILE) pyproject.toml --extra local --extra dev --output-file requirements/dev.txt
	$(COMPILE) --group node --output-file requirements/node.txt
	npm install --package-lock-only
	$(PYTHON) -m tasks.local.browser_files --tidy-lock

texts: $(VENV)/dev.done  ## collect the texts of the pages, and add them to the four catalogues
	$(BIN)/python -m tests.checks.texts --update $(LANGUAGES)
	$(MAKE) --no-print-directory $(foreach language,$(LANGUAGES),$(TEXTS)/$(language)/LC_MESSAGES/messages.mo)

browser-files: $(VENDOR)  ## fetch htmx, idiomorph and Tabler

clean:  ## remove what set-up made; data in var/ stay
	rm -rf $(VENV) $(VENV)-lock $(NODE) node_modules webapp/static/vendor
	rm -f $(COMPILED)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Paydesk needs Python 3.11 or newer; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/local.done: requirements/local.txt | $(BIN)/python
	$(PIP) --require-hashes --requirement $<
	@touch $@

$(VENV)/dev.done: requirements/dev.txt | $(BIN)/python
	$(PIP) --require-hashes --requirement $<
	@touch $@ $(VENV)/local.done

$(VENDOR): package-lock.json .npmrc tasks/local/browser_files.py
	$(PYTHON) -m tasks.local.browser_files
	@touch $@

%.mo: %.po
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@
