# Commands of the project; `make` alone lists them. Everything is made inside this folder and each command can be run again at any time.
# ARGS passes arguments on: make test ARGS="tests/backend -x"
PYTHON ?= python3
RUN := .venv/bin/python

# What the tools need to find each other; caches and data of ape and foundry stay in build/, not in the home folder.
export PATH := $(CURDIR)/build/bin:$(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/build/solcx
export APE_DATA_FOLDER := $(CURDIR)/build/ape
# the keccak written in C, five times faster than the default
export ETH_HASH_BACKEND := pysha3

# Two worker processes by default; tests that share one node or one database keep together by file.
WORKERS ?= 2
TESTS ?= -n $(WORKERS) --dist loadfile
SEEDS ?= 1 2 3 4 5 6 7 8
SENDER_SEEDS ?= 200

.DEFAULT_GOAL := help
.PHONY: help setup compile abi demo up network doctor rehearse-restore test test-besu fuzz chaos chaos-sender check audit prove coverage mutate bench bench-indexer bench-long-chain simulate bench-sender bench-gas format openapi i18n lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything into this folder (a repeat costs under a second)
	@$(PYTHON) scripts/setup.py

compile: setup ## compile the contracts to build/contracts (ARGS: paths to compile alone)
	@$(RUN) -m scripts.compile $(ARGS)

abi: setup ## compile and rewrite the committed ABI files in indexer/abi
	@$(RUN) -m scripts.compile --abi

# NETWORK=besu: over a network of Besu nodes instead of the embedded node (besu-network/README.md)
NETWORK ?= embedded

demo: setup ## the whole platform with sample participants and issues on this machine (NETWORK=besu: over Besu)
	@$(RUN) -m scripts.demo --network $(NETWORK) $(ARGS)

up: setup ## the platform without sample data (NETWORK=besu: over Besu)
	@$(RUN) -m scripts.up --network $(NETWORK) $(ARGS)

network: setup ## files of a Besu network in var/besu (ARGS="--validators 7", ARGS=start|stop|status: its nodes)
	@$(RUN) -m scripts.network $(ARGS)

doctor: setup ## is a running network and platform in order? each red line with its next step (ARGS="--dir var/demo --json")
	@$(RUN) -m scripts.doctor $(ARGS)

rehearse-restore: setup ## back up the running installation, restore it elsewhere, prove that it is the same (ARGS="--dir var/demo")
	@$(RUN) -m scripts.rehearse_restore $(ARGS)

test: setup ## all tests
	@$(RUN) -m pytest $(TESTS) $(ARGS)

test-besu: setup ## tests that run a real network of four validators; fail where no Besu is found
	@$(RUN) -m pytest -p no:xdist -m besu tests/besu $(ARGS)

fuzz: setup ## random lives of the contracts for an hour (ARGS="--minutes 5 --seed 7")
	@$(RUN) -m scripts.fuzz $(ARGS)

chaos: setup ## kill processes of whole demonstrations (SEEDS="1 2 3": one demonstration a seed)
	@KAPITAL_TEST_KILL_SEEDS="$(SEEDS)" $(RUN) -m pytest tests/flows -k killing_any_process $(ARGS)

chaos-sender: setup ## 200 seeded lives of the sender: kills, lost replies, two workers, wrong clocks (SENDER_SEEDS=20: fewer)
	@KAPITAL_TEST_SENDER_SEEDS="$(SENDER_SEEDS)" $(RUN) -m pytest -p no:xdist -q tests/backend/custody/test_chaos.py $(ARGS)

check: setup ## style, types, imports, contracts, templates, architecture
	@$(RUN) -m scripts.check $(ARGS)

audit: setup ## static analysis of the contracts by slither (part of check)
	@$(RUN) -m scripts.assurance.slither --fresh $(ARGS)

prove: setup ## symbolic proofs of the contracts by halmos (ARGS: beginnings of the names of proof contracts)
	@$(RUN) -m scripts.assurance.prove $(ARGS)

coverage: setup ## statement and branch coverage of the contracts, 100 % or failure
	@$(RUN) -m scripts.assurance.coverage $(ARGS)

mutate: setup ## faults put into the contracts one at a time: do the tests notice? (ARGS="--sample 300 --seed 1"; after coverage)
	@$(RUN) -m tests.contracts.mutate $(ARGS)

bench: setup ## time and memory of the demonstration
	@$(RUN) -m scripts.bench $(ARGS)

bench-indexer: setup ## speed of the indexer on 50,000 transactions, against ponder (Linux, PostgreSQL)
	@$(RUN) -m tests.bench.indexer $(ARGS)

simulate: setup ## seeded trouble between node, indexer and database (ARGS="--seeds 0-499 --database postgres")
	@$(RUN) -m tests.indexer.simulation $(ARGS)

bench-long-chain: setup ## what pages and ticks cost on a chain of a million blocks (ARGS="--blocks 5000000"; PostgreSQL)
	@$(RUN) -m tests.bench.long_chain $(ARGS)

bench-gas: setup ## gas of the main actions against their budgets, to build/bench/gas.json
	@PAYOUT_HOLDERS=10000 $(RUN) -m pytest -q -s -p no:xdist tests/contracts/test_gas.py tests/contracts/test_gas_rooms.py tests/contracts/test_payouts_many.py $(ARGS)

bench-sender: setup ## transactions a second of the sender against the bare node, 1,000 wallets; POSTGRES=1 for a PostgreSQL of its own
	@$(RUN) -m $(if $(POSTGRES),tests.bench.sender_postgres,scripts.bench_sender) $(ARGS)

format: setup ## rewrite Python and templates in the project's style
	@ruff check --fix --quiet --exit-zero .
	@ruff format --quiet .

openapi: setup ## regenerate docs/openapi.json
	@$(RUN) -m scripts.openapi $(ARGS)

i18n: setup ## collect the translatable texts and compile the catalogues
	@$(RUN) -m scripts.i18n $(ARGS)

lock: setup ## resolve the dependencies anew and rewrite the lock files (ARGS="--upgrade")
	@$(RUN) scripts/lock.py $(ARGS)

clean: ## remove everything that set-up and tools made
	rm -rf .venv node_modules build .build backend/web/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis
