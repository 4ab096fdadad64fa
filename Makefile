# Loadstone's front door: `make report` and `make test` need git, make and Python 3.11 or later, nothing else.

.DEFAULT_GOAL := help
.PHONY: help setup report figures screenshots serve calibrate quick test test-tools soak lint fix bench clean lock

PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14,\
	$(shell $(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export PATH := $(CURDIR)/$(BIN):$(PATH)

# make report SUITE=config/smoke.yaml
SUITE ?= config/config.yaml

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv, and install the locked packages and Loadstone into it

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or later is needed; give it as PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The workflow prints the report's path when it has written it; if nothing had to be run, make prints it.
report: setup ## run what is missing of the suite (SUITE=config/config.yaml), write report/index.html
	@before=$$(cksum report/index.html 2>/dev/null); \
	snakemake --cores all --config "suite=$(SUITE)" && { test "$$(cksum report/index.html)" != "$$before" || \
	echo "The report is $(CURDIR)/report/index.html"; }

figures: setup ## write the report's charts as SVG and PNG, and its tables as CSV, to report/figures
	loadstone figures --published config/published.csv

screenshots: setup ## take pictures of the report, wide and narrow, light and dark (needs Chromium)
	python -m tests.browser.screenshots report/index.html report

serve: setup ## show a campaign in the browser while it runs, on this machine only (PORT=8650)
	@loadstone serve --suite "$(SUITE)" $(if $(PORT),--port "$(PORT)")

calibrate: setup ## check the instrument against a server of known demand, in calibration/ (three minutes)
	snakemake --cores all --forceall --directory calibration --config "suite=config/calibration.yaml"
	@loadstone calibrate --results calibration/results

quick: lint ## check style and types, and run the quick unit tests (less than a minute)
	python -m pytest --quiet --numprocesses 2 --dist worksteal -m "not slow and not hypothesis" tests/unit

test: setup test-tools ## run the tests: real servers, real load (thirteen minutes on two cores)
	python -m pytest --numprocesses 5 --dist worksteal -m "not alone and not soak"
	python -m pytest -m alone

# Install Debian's Chromium for the tests of the page, if apt and root are available. Without Chromium these tests are
# skipped, each with the reason, except in CI, where they fail.
test-tools:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && echo "make: installing Chromium to test the page" && \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	echo "make: no Chromium here: the page will not be tested (apt-get install chromium)" >&2

soak: setup ## run the long tests: half an hour at full speed, a thousand runs, every fault in every phase, fuzzing
	LOADSTONE_FUZZ=2000 python -m pytest --numprocesses 2 --dist worksteal -m hypothesis --timeout 3600 tests/unit tests/server
	python -m pytest -m soak -s tests/faults tests/soak tests/workflow

lint: setup ## check style, types and workflow
	ruff check .
	ruff format --check .
	mypy workflow/loadstone server locustfiles benchmarks
	snakefmt --check Snakefile workflow/rules
	python -m pytest --quiet tests/workflow/test_lint.py

fix: setup ## correct what ruff can correct, and format Python and Snakemake files
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/rules

bench: setup ## measure what Loadstone itself costs, as ratios (five minutes)
	python -m benchmarks

clean: ## remove results, report and caches, but not .venv
	rm -rf calibration .snakemake .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find results report -mindepth 1 ! -name README.md -delete
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# For maintainers; needs uv. The lock names no index and no address, so that any registry can serve it.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra dev pyproject.toml --output-file requirements.lock
