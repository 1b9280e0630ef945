SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
PACKAGES := contracts/messages/messages contracts/rulebook/rulebook contracts/chassis/chassis contracts/devkit/devkit \
  services/applications/applications services/assessor-quota/assessor_quota services/review/review \
  services/registry/registry services/notify/notify deploy tests
PYTEST := $(BIN)/pytest -q
NOTES := .local/queries

FUZZ_EXAMPLES ?= 3000
ROLE ?= regional_officer
SERVICE ?= review
CMD ?= parked list

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## Install missing packages on a Debian 12 machine; the other targets do it too
	@deploy/setup.sh

.PHONY: wheelhouse
wheelhouse: ## Collect every Python package in ./wheelhouse, for an installation without a network
	@deploy/setup.sh wheelhouse

##: the running system

.PHONY: run
run: setup ## Start everything, play the demo once, stay up until Ctrl-C; a later run keeps the data
	@exec $(BIN)/python -m deploy.local up

.PHONY: demo
demo: setup ## Show the demo again on the running stack; an interrupted one continues
	@exec $(BIN)/python -m deploy.local demo

.PHONY: status
status: setup ## Show which services of the local stack are ready
	@$(BIN)/python -m deploy.local status

.PHONY: start
start: setup ## Start one part of the running stack again: SERVICE=review, or broker, mongod, prometheus
	@$(BIN)/python -m deploy.local start "$(SERVICE)"

.PHONY: stop
stop: setup ## Stop one part of the running stack; the others go on: SERVICE=review
	@$(BIN)/python -m deploy.local stop "$(SERVICE)"

.PHONY: clock
clock: setup ## Show the simulated clock, or move it forward: TO=2026-06-01, TO=2026-06-01T09:00+08:00, TO=+3d
	@$(BIN)/python -m deploy.local clock $(if $(TO),"$(TO)")

.PHONY: reset
reset: setup ## Remove the data of the local stack
	@$(BIN)/python -m deploy.local reset

.PHONY: ops
ops: setup ## Run an operator's command: SERVICE=review CMD="parked list", CMD="outbox republish --since 2026-05-20"
	@exec $(BIN)/python -m deploy.local ops "$(SERVICE)" $(CMD)

.PHONY: trace
trace: setup ## Follow one application through the five services: APPLICATION=app-...
	@$(BIN)/python -m deploy.local trace "$(APPLICATION)"

.PHONY: token
token: setup ## Print a bearer token: ROLE=... [SUBJECT=...] [ORGANISATION=...] [PREFECTURE=...] [VERIFIED=1]
	@$(BIN)/python -m deploy.local token --role "$(ROLE)" $(if $(SUBJECT),--subject "$(SUBJECT)") \
	  $(if $(ORGANISATION),--organisation "$(ORGANISATION)") $(if $(PREFECTURE),--prefecture "$(PREFECTURE)") \
	  $(if $(VERIFIED),--person-verified)

##: the gate

.PHONY: setup-checks
setup-checks: setup ## Install the tools of the gate: node, and the parser of the event document
	@deploy/setup.sh checks

.PHONY: test
test: setup-checks lint types layers check-generated ## Run the gate: lint, types, layers, generated files, tests, 90 s of faults
	rm -rf $(NOTES)
	NOTED_QUERIES=$(NOTES) $(PYTEST) -n 2 --dist loadfile -m "not faults"
	EXPLAINED_QUERIES=$(NOTES) $(PYTEST) -n 2 tests/queries
	$(MAKE) --no-print-directory test-faults-short

.PHONY: format
format: setup ## Format the code and fix lint errors where possible
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: setup ## Check format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: setup ## Check the types
	$(BIN)/mypy $(PACKAGES)

.PHONY: layers
layers: setup ## Check the imports between layers
	$(BIN)/lint-imports

.PHONY: rules
rules: setup ## List each rule of the regulation with its tests, and the rules without a test
	$(BIN)/python -m tests.architecture.rules

.PHONY: generate
generate: setup ## Write schemas, OpenAPI, AsyncAPI, broker definitions and dashboards from the code
	$(BIN)/python -m deploy.generate

.PHONY: check-generated
check-generated: setup ## Compare the generated files with the code; writes nothing
	$(BIN)/python -m deploy.generate --check

.PHONY: test-contract
test-contract: setup ## Fuzz every API more than the gate does; check each response against its document
	CONTRACT_EXAMPLES=40 $(PYTEST) --timeout 1200 tests/contracts

.PHONY: fuzz
fuzz: setup ## Fuzz every parser of outside bytes more than the gate does: [FUZZ_EXAMPLES=3000], ten minutes a parser at most
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PYTEST) -n 2 --timeout 600 tests/fuzz contracts/chassis/tests/test_workbook_properties.py

.PHONY: test-queries
test-queries: setup ## Note every query that the tests of chassis and services ask; explain each on 10,000 documents
	rm -rf $(NOTES)
	NOTED_QUERIES=$(NOTES) $(PYTEST) -n 2 --dist loadfile contracts/chassis services
	EXPLAINED_QUERIES=$(NOTES) $(PYTEST) -n 2 tests/queries

.PHONY: test-faults
test-faults: setup ## Kill services and servers under load, cut their links at start; check that nothing is lost
	LINK_CUTS=200 $(PYTEST) --timeout 1200 contracts/chassis/tests/test_links.py
	$(PYTEST) -s -m faults

.PHONY: test-faults-short
test-faults-short: setup
	FAULTS_SUBMISSIONS=400 FAULTS_COUNT=6 FAULTS_VARIANTS=motor FAULTS_STARTS=3 RACE_ROUNDS=1 PORT_MAPPER_SECONDS=0 $(PYTEST) -s -m faults

.PHONY: mutate
mutate: setup ## Try the fast tests of PACKAGE=review on mutants of its code: [SEED=1] [SAMPLE=100]; fails below 95 % killed
	@$(BIN)/python -m tests.mutation "$(PACKAGE)" $(if $(SEED),--seed $(SEED)) $(if $(SAMPLE),--sample $(SAMPLE)) \
	  $(if $(LIMIT),--seconds $(LIMIT))

.PHONY: fuzz-amqp
fuzz-amqp: setup ## Write hostile messages on the wire of a real broker for some minutes; each run prints its seed
	FUZZ_AMQP_SHOTS=5000 FUZZ_AMQP_SECONDS=240 $(PYTEST) -s --timeout 1800 contracts/chassis/tests/test_hostile_messages.py

.PHONY: test-race
test-race: setup ## Ten times: 200 concurrent submissions for 15 items, two of four workers killed
	RACE_ROUNDS=10 $(PYTEST) -s tests/faults/test_race.py

.PHONY: bench
bench: setup ## Measure into tests/bench/RESULTS.md: [ONLY=hop|submit|reservations|scale|chain|overload|growth]
	$(BIN)/python -m tests.bench $(ONLY)

.PHONY: bench-peers
bench-peers: setup ## Measure the hop beside dramatiq, celery, taskiq, nameko and FastStream, in an environment of their own
	test -x .venv/peers/bin/python || python3 -m venv .venv/peers
	.venv/tool/bin/uv pip sync -q --python .venv/peers/bin/python --require-hashes tests/bench/peers/requirements.txt
	$(BIN)/python -m tests.bench peers
