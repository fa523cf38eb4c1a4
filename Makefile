# Everything a user or a developer runs. Variables: PYTHON, STUDIO_PORT, STUDIO_HOME (all of them: README, Settings).
SHELL := /bin/bash
PY := .venv/bin/python
TESTS ?= tests
PYTEST := $(PY) -m pytest
# Thousands of small files: in memory where there is room for them
SHM := $(shell [ "$$(df -Pm /dev/shm 2>/dev/null | awk 'NR==2 {print $$4}')" -gt 8000 ] 2>/dev/null && echo TMPDIR=/dev/shm)
PARALLEL := $(SHM) $(PYTEST) -n auto --maxprocesses 8 --dist worksteal
ARGS ?=


.DEFAULT_GOAL := help
.PHONY: help run demo worker test test-quick test-services check-data check-gpu lint format bench architectures screenshots clean setup setup-dev

help: ## what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# The tests start hundreds of processes: none compiles anew what the last one did, whatever the environment says
test test-quick test-services check-data check-gpu: export PYTHONDONTWRITEBYTECODE :=

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

run: setup ## set up and start everything; Ctrl-C stops it
	@exec $(PY) manage.py up

demo: setup ## the main job on the bundled sample, without a hand on it
	@exec $(PY) manage.py demo $(ARGS)

worker: setup ## attach this machine to another Darkroom
	@for name in DATABASE_URL REDIS_URL STORAGE_URL; do \
		[ -n "$${!name}" ] || { echo "make worker needs DATABASE_URL, REDIS_URL and STORAGE_URL of the Darkroom to join; $$name is not set."; exit 1; }; \
	done
	@exec $(PY) manage.py agent $(ARGS)

test: setup-dev ## every test, the real-browser ones included
	@$(SHM) $(PYTEST) -n $$($(PY) -c 'import os; print(min(8, os.cpu_count() + 1))') --dist loadfile --no-loadscope-reorder \
		-m "not data and not gpu" $(ARGS) $(TESTS)

test-quick: setup-dev ## the tests that start no process and train nothing
	@$(PARALLEL) -m "not data and not gpu and not heavy and not slow and not browser" $(ARGS) $(TESTS)

test-services: setup-dev ## the database and queue tests, on DATABASE_URL and REDIS_URL
	@$(PYTEST) -m services $(ARGS) $(TESTS)

check-data: setup-dev ## the checks on real images: make check-data DATA=../shared
	@[ -d "$(DATA)/data" ] || { echo "There is no folder data in '$(DATA)'. Set DATA to a folder with data/ and weights/ in it."; exit 1; }
	@DARKROOM_DATA="$$(cd "$(DATA)" && pwd)" $(PYTEST) -m data $(ARGS) tests/check_data

check-gpu: setup-dev ## the checks on a GPU: every architecture, and a whole Darkroom
	@$(PYTEST) -m gpu $(ARGS) tests/check_gpu

lint: setup-dev ## ruff, mypy, import contracts, template lint, migrations
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(PY) -m djlint templates --lint --quiet
	@home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; STUDIO_HOME="$$home" $(PY) manage.py makemigrations --check --dry-run

format: setup-dev ## ruff's fixes and format
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: setup-dev ## the benchmarks
	@set -e; for file in benchmarks/*.py; do \
		name=$$(basename "$$file" .py); case "$$name" in _*) continue;; esac; \
		echo "== $$name"; $(PY) -m "benchmarks.$$name" $(ARGS); \
	done

architectures: setup-dev ## docs/architectures.md: every architecture trains, saves, loads, predicts, exports, resumes
	@$(PY) -m tests.architecture_table $(ARGS)

screenshots: setup-dev ## the README's pictures, from a Darkroom of its own
	@scripts/screenshots.sh

clean: ## remove what setting up has made; STUDIO_HOME stays
	@rm -rf .venv node_modules static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
