# `make` alone lists what there is. Everything is set up when first needed, and again when the dependencies change.
PYTHON ?= python3
ARGS ?=
export PYTHON

VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := pyproject.toml freeze_alerts/__init__.py .ci/venv

.DEFAULT_GOAL := help
.PHONY: help test demo screenshots bench check format lint types layers migrations docs deployment clean

help: ## list the targets (this)
	@echo "make TARGET, with PYTHON=python3.12 for another Python:"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{ printf "  %-11s %s\n", $$1, $$2 }'

test: $(VENV)/.everything ## run the tests on SQLite, and again on PostgreSQL and MariaDB; ARGS="-k words" to choose
	@.ci/services
	@.ci/tests $(ARGS)

demo: $(VENV)/.runtime ## see nine things go wrong and become cards in a Discord-like page (DEMO_ONCE=1 to run through and end)
	@$(BIN)/python example_project/demo.py

screenshots: $(VENV)/.everything ## take the pictures of the documentation anew (needs Chromium)
	$(BIN)/pip install -qq --group screenshots
	$(BIN)/python example_project/screenshots.py

bench: $(VENV)/.everything ## measure what must stay fast and frugal (an hour, a quiet machine); ARGS=--quick for a glance
	@.ci/services
	@status=0; if [ -f $(VENV)/services.env ]; then . $(VENV)/services.env; fi; \
	for name in start latency storm broken errors backup audit undo old_alerts; do \
		$(BIN)/python benchmarks/$$name.py $(ARGS) || status=1; \
	done; exit $$status

check: $(VENV)/.everything ## everything that reads the code without running it, and the docs
	@$(MAKE) --no-print-directory --keep-going format lint types layers migrations docs deployment
	@echo "check: all is well"

format: $(VENV)/.everything
	$(BIN)/ruff format --check .

lint: $(VENV)/.everything
	$(BIN)/ruff check .

types: $(VENV)/.everything
	$(BIN)/mypy

layers: $(VENV)/.everything
	$(BIN)/lint-imports --no-logo

migrations: $(VENV)/.everything
	$(BIN)/python -m django makemigrations --check --dry-run --settings tests.settings
	PYTHONPATH=example_project $(BIN)/python -m django makemigrations --check --dry-run --settings shop.settings

deployment: $(VENV)/.everything
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec example_project/compose.yaml
	$(BIN)/hadolint example_project/Dockerfile

docs: $(VENV)/.everything ## build the docs into docs/_build; a warning fails
	$(BIN)/sphinx-build -W --keep-going -n -q docs docs/_build

clean: ## remove all that was built, the virtual environments too
	rm -rf $(VENV) build dist docs/_build *.egg-info .coverage .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the package needs to run, for the demo.
$(VENV)/.runtime: $(DEPENDENCIES)
	@.ci/venv $(VENV)
	$(BIN)/pip install -qq --editable .
	@touch $@

# What it needs to be worked on.
$(VENV)/.everything: $(DEPENDENCIES)
	@.ci/venv $(VENV)
	$(BIN)/pip install -qq --editable . --group dev --group docs
	@touch $(VENV)/.runtime $@
