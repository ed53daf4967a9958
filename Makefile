# make run       everything from nothing to serving, in the foreground: make run PORT=8000 DATA=FOLDER
# make stack     the servers of the full stack (Kafka, Elasticsearch, PostgreSQL, Valkey), in the foreground: make stack DATA=FOLDER
# make token     one development token: make -s token DATA=FOLDER ROLE=admin TENANT=demo USER_ID=...
# make check     the fast loop: lint, types, imports, unit tests
# make test      all tests, also on the other Pythons that are here and on the built wheel
# make soak      the fault tests for longer: 20 kills of workers, 10 of relays, 5 of each server, 20 rebalances
# make live-eventstore  the event-store contract suite on the EventStoreDB / KurrentDB at CRM_LIVE_EVENTSTORE_URL
# make bench     side-by-side measurements: ratios, each with its baseline in the same run
# make lock      requirements.lock and requirements-esdb.lock anew from pyproject.toml
# make clean     removes what the other targets made in this folder; data and caches elsewhere stay
#
# PYTHON=/path/to/python chooses the Python (3.11 to 3.13) that .venv is made with.

export PYTHON

.PHONY: run stack token check test soak live-eventstore bench lock clean

run: .venv/.stamp
	@exec .venv/bin/crm up $(if $(PORT),--port "$(PORT)") $(if $(DATA),--data "$(DATA)")

stack: .venv/.stamp
	@exec .venv/bin/crm stack $(if $(DATA),--data "$(DATA)")

token: .venv/.stamp
	@exec .venv/bin/crm token $(if $(PORT),--port "$(PORT)") $(if $(DATA),--data "$(DATA)") \
		$(if $(ROLE),--role "$(ROLE)") $(if $(TENANT),--tenant "$(TENANT)") $(if $(USER_ID),--user-id "$(USER_ID)")

check test: .venv/.stamp
	@exec .venv/bin/python tests/run_stages.py $@

soak: .venv/.stamp
	@exec .venv/bin/python -m pytest -q -p no:cacheprovider tests/faults --soak

live-eventstore: .venv/.stamp
	@exec .venv/bin/python -m pytest -q -p no:cacheprovider tests/contract/test_event_store_kurrentdb.py -k live

bench: .venv/.stamp
	@exec .venv/bin/python -m benchmarks

lock: .venv/.stamp
	.venv/bin/uv pip compile --universal --generate-hashes --no-header --quiet --group dev --extra kurrentdb pyproject.toml \
		-o requirements.lock
	.venv/bin/uv pip compile --universal --generate-hashes --no-header --quiet --group dev --extra esdb pyproject.toml \
		-o requirements-esdb.lock

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: requirements.lock pyproject.toml .ci/uv.txt .ci/environment
	@.ci/environment .venv
