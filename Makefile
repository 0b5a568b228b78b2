# `make demo` and `make test` each do their whole set-up; they need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVICES := api operator runner local
PYTEST := $(BIN)/python -m pytest
# More processes than two cores: most tests wait for other processes. A file's tests stay together.
PARALLEL := -n 3 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-kafka test-kubernetes lint types imports format lock env-examples schemas bench clean

help: ## This list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The virtual environment is made again when the lock changes.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (once; about 400 MB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready ## The virtual environment with everything in it

demo: setup ## The whole platform on real footage, on the terminal; KEEP=1 leaves it running
	@$(BIN)/vap demo $(if $(KEEP),--keep)

up: setup ## The platform in the foreground; Ctrl-C ends it
	@$(BIN)/vap up

test: setup ## All tests that need nothing but Python: the parts side by side, then the whole platform
	$(PYTEST) tests --ignore tests/e2e $(PARALLEL)
	$(PYTEST) tests/e2e

test-kafka: setup ## The integration tests against the Kafka in VAP_TEST_KAFKA=host:port
	@test -n "$(VAP_TEST_KAFKA)" || { echo "set VAP_TEST_KAFKA=host:port"; exit 1; }
	$(PYTEST) tests/common tests/api tests/runner

test-kubernetes: setup ## Contract and operator tests against the API server in VAP_CONTRACT_KUBECONFIG=file
	@test -n "$(VAP_CONTRACT_KUBECONFIG)" || { echo "set VAP_CONTRACT_KUBECONFIG=path of a kubeconfig"; exit 1; }
	VAP_CONTRACT_REQUIRED=1 VAP_TEST_KUBECONFIG=$(VAP_CONTRACT_KUBECONFIG) $(PYTEST) tests/contract tests/operator tests/local/pods tests/packaging

lint: setup ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## The import contracts between the services
	$(BIN)/lint-imports

format: setup ## Formats the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: ## Makes requirements/*.txt again from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --group build $(LOCK) -o requirements/dev.txt
	for service in $(SERVICES); do \
	  uv pip compile pyproject.toml --extra $$service --group build $(LOCK) -c requirements/dev.txt -o requirements/$$service.txt; \
	done
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

env-examples: setup ## Writes each service's .env.example from its settings
	for service in api operator runner; do \
	  $(BIN)/python -m vap_common.env_example vap_$$service.settings:Settings > $$service/.env.example; \
	done

schemas: setup ## Writes docs/schemas from the messages
	$(BIN)/python -m vap_common.schema_export docs/schemas

bench: setup ## Time from POST to the first stored result, hop by hop
	$(BIN)/python bench/first_result.py

include helm/kind.mk

clean: ## Removes the virtual environment and caches; data in .vap stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
