# Two commands matter: `make demo` and `make test`. `make` alone lists the rest.

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
UV := uv==0.13.9
ARGS ?=
E2E := --strict-markers --strict-config --import-mode=importlib --allow-hosts=127.0.0.1,::1,localhost --allow-unix-socket

.PHONY: help install env demo test check e2e bench lock up clean format
.DEFAULT_GOAL := help

help:
	@echo "make demo      one night on invented leads, end to end; no accounts, no keys"
	@echo "make test      the whole test suite; ARGS='-k word' for a part of it, without the bar of coverage"
	@echo "make up        desk, worker, beat and Flower until Ctrl-C; DEMO=1 shows the demo"
	@echo "make check     format, lint, types, import contracts, migrations, security"
	@echo "make e2e       the desk in a real browser (Debian's chromium)"
	@echo "make bench     every figure of the README against its bar; ONLY=name,name for some"
	@echo "make install   .venv with everything, pinned and hashed"
	@echo "make env       .env with random keys, where there is none"
	@echo "make lock      compile requirements/*.in to pinned, hashed *.txt"
	@echo "make format    let ruff write the code its way"
	@echo "make clean     remove .venv and caches; var/ and .env stay"

install: $(INSTALLED)

$(INSTALLED): requirements/base.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "AILeadGen needs Python 3.11 or newer as $(PYTHON); name one: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@# uv does not read pip's configuration: tell it where pip looks, and whom it trusts. pip itself
	@# is the fallback.
	@index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}; \
	  cert=$${SSL_CERT_FILE:-$${PIP_CERT:-$$($(BIN)/python -m pip config get global.cert 2>/dev/null || true)}}; \
	  $${cert:+env SSL_CERT_FILE=$$cert} \
	  env UV_DEFAULT_INDEX=$${UV_DEFAULT_INDEX:-$${index:-https://pypi.org/simple}} \
	  VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

env: .env

.env:
	@umask 077; $(PYTHON) -c 'import secrets; key = lambda: secrets.token_urlsafe(48); \
	  print("SECRET_KEY=" + key(), "SUPPRESSION_KEY=" + key(), \
	        "FLOWER_BASIC_AUTH=operator:" + key(), sep="\n")' > .env.new || \
	  { rm -f .env.new; echo "no .env was written: name a Python, such as make PYTHON=python3.12 env" >&2; exit 2; }
	@mv .env.new .env
	@echo "wrote .env with random keys; keep SUPPRESSION_KEY as long as you keep the database"

demo: $(INSTALLED) .env
	@DEMO=1 $(BIN)/python manage.py demo

test: $(INSTALLED) .env
	@$(BIN)/python manage.py services start >/dev/null
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2 $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report $(if $(ARGS),--fail-under=0)

check: $(INSTALLED) .env
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python manage.py services start >/dev/null
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml -ll leadgen pipeline clients deliveries
	@# pip-audit ends with 1 both where it found something and where nobody answered it.
	@if $(BIN)/pip-audit --strict --disable-pip --no-deps --requirement requirements/base.txt >var/pip-audit.log 2>&1; \
	  then echo "no known vulnerability"; \
	  elif grep '^Found [0-9]* known vulnerabilit' var/pip-audit.log; then echo "see var/pip-audit.log" >&2; exit 1; \
	  else echo "NOT AUDITED for known vulnerabilities: see var/pip-audit.log"; fi

e2e: $(INSTALLED) .env
	@command -v chromium >/dev/null || \
	  { echo "The browser tests need chromium, which is not installed; on Debian: apt install chromium" >&2; exit 2; }
	@$(BIN)/python -m pytest --override-ini='addopts=$(E2E)' tests/e2e $(ARGS)

bench: $(INSTALLED) .env
	@ONLY=$(ONLY) $(BIN)/python -m tests.bench

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	for name in base dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --no-emit-index-url requirements/$$name.in --output-file requirements/$$name.txt; done

up: $(INSTALLED) .env
	@$(BIN)/python manage.py up

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
