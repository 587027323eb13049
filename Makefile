.DEFAULT_GOAL := help
.PHONY: help ready run bot up down status test check docs screens bench fmt reset clean
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
# Some containers set it. Every process would compile the CDK's modules again then, ten seconds of processor time.
unexport PYTHONDONTWRITEBYTECODE

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ready: ## make the environments, the SDK and the web app (every other target does it first)
	@sh local/bootstrap.sh

run: ready ## start everything, play the demo, stay until Ctrl-C
	@exec $(BIN)/natter-local run

bot: ready ## run clients/bots/$(BOT) beside it; NATTER_USER and NATTER_PASSWORD say as whom
	@NATTER_URL=$$($(BIN)/natter-local url | awk '$$1 == "HttpUrl" { print $$2 }') exec $(BIN)/python -m clients.bots.$(BOT)

up: ready ## the same in the background
	@$(BIN)/natter-local up

down: ready ## stop what `make up` started
	@$(BIN)/natter-local down

status: ready ## what runs, and where
	@$(BIN)/natter-local status

test: ready ## all tests
	@$(BIN)/pytest -n 2

check: ready ## what is checked before a push: format, lint, types, imports, fast tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest tests/docs tests/unit tests/infra tests/clients -q

docs: ready ## write what docs/ has from the code (openapi.json, asyncapi.json, metrics.md, slo.md, capacity.md), and the SDK's types
	@$(BIN)/python -m tests.documents

screens: ready ## draw docs/screens: what the web app looks like, in both themes
	@$(BIN)/python -m tests.browser

bench: ready ## measure latency and throughput
	@$(BIN)/python -m tests.bench

fmt: ready ## format, and fix what the linter can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

reset: ready ## stop, and forget all data of the local cloud
	@$(BIN)/natter-local reset

clean: ## remove everything that was made here (stop the local cloud first)
	rm -rf clients/web/node_modules clients/web/sdk/dist clients/web/app/dist .venv .local .bootstrap cdk.out cdk.out.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
