# Commands of the project. `make` alone lists them. Everything is made inside this folder and can be run again at any time.
PYTHON ?= python3
BIN := .venv/bin

# One place for what the tools need to find each other; nothing of ape or solcx lands in the home folder.
export PATH := $(CURDIR)/build/bin:$(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/build/solcx
export APE_DATA_FOLDER := $(CURDIR)/build/ape

.DEFAULT_GOAL := help
.PHONY: help setup compile abi demo up test check bench bench-gas format openapi i18n lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything into this folder (a repeat costs under a second)
	@$(PYTHON) scripts/setup.py
