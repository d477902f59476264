# Everything that a developer or the CI runs. Needs only Python 3.11 or newer; `make help` lists the targets.

WEB_PORT ?= 8000
SANDBOX_PORT ?= 9000
TITLES ?= 120
PYTEST_WORKERS ?= 3

BIN := .venv/bin
PY := $(BIN)/python
STAMP := .venv/.installed
PO := integrations/locale/pt_BR/LC_MESSAGES/django.po
# Our own files; nothing of ours is longer than this many lines (docs/architecture.md, "Layers").
MAX_LINES := 400

# Settings need a database's address even where nobody connects; what a machine's own database holds decides nothing.
NOWHERE := DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing

# What `check --deploy` is shown: a complete production environment that leads nowhere.
PRODUCTION := ENVIRONMENT=production PUBLIC_URL=https://exemplo.com.br ALLOWED_HOSTS=exemplo.com.br EMAIL_URL=smtp://exemplo.com.br AUDIT_EMAILS=auditoria@exemplo.com.br \
	SECRET_KEY=p8Zr-4hQw_71xNfKd2Ls9VbTyG6mRcJ0eAuXoHiW3qEaYtMk5SvDnBgCzUjPlO \
	KEY_PEPPER=Zr4hQw71xNfKd2Ls9VbTyG6mRcJ0eAuXoHiW3q \
	$(NOWHERE)

.DEFAULT_GOAL := help
.PHONY: help demo demo-check demo-reset test test-long soak mutants flaky coverage style lint audit bench messages format lock hooks

# Python keeps its bytecode, also where the machine says otherwise: tests start dozens of processes.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@echo "Targets (options in brackets):"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(STAMP) ## Run everything on this machine [WEB_PORT=8000 SANDBOX_PORT=9000 TITLES=120]
	@exec $(PY) -m project.demo --web-port $(WEB_PORT) --sandbox-port $(SANDBOX_PORT) --titles $(TITLES)

demo-check: $(STAMP) ## The demo without a person: sync once, compare both sides, print JSON [TITLES=120]
	@exec $(PY) -m project.demo --check --titles $(TITLES)

demo-reset: $(STAMP) ## Delete the demo's data
	@$(PY) -m project.demo --reset

# Tests in parallel, without those of browsers where there is none: $(call pytest,marks)
pytest = marks="$(1)"; \
	command -v chromium >/dev/null 2>&1 || { echo "chromium is not installed: no browser tests" >&2; marks="($$marks) and not browser"; }; \
	exec $(PY) -m pytest -n $(PYTEST_WORKERS) --dist worksteal -m "$$marks"

test: $(STAMP) ## Run the tests: minutes, something of every kind [PYTEST_WORKERS=3]
	@$(call pytest,not long and not soak) $(PYTEST_OPTIONS)

test-long: $(STAMP) ## Run the long tests: kills, histories, two clusters, refresh storms [LONG_SEED=1]
	@$(call pytest,long)

soak: $(STAMP) ## Run everything, with new examples and an hour of histories: hours [SOAK_SECONDS=3600 SOAK_SEED=…]
	@$(call pytest,long or not long) --hypothesis-profile=search

mutants: $(STAMP) ## Break the engine in known ways, one after the other: `make test` has to see each [ONLY=name]
	@exec $(PY) -m tests.mutants $(ONLY)

flaky: $(STAMP) ## Run a file of tests again and again on a busy machine FILE=tests/… [TIMES=20]
	@exec $(PY) -m tests.flaky $(or $(FILE),$(error FILE=tests/… is missing)) --times $(or $(TIMES),20)

coverage: $(STAMP) ## The same with coverage: half as long again
	@$(MAKE) --no-print-directory test PYTEST_OPTIONS="--cov --cov-report=term:skip-covered"

bench: $(STAMP) ## Run the benchmarks
	@if [ -f benchmarks/__main__.py ]; then $(PY) -m benchmarks; else echo "There are no benchmarks yet."; fi

style: $(STAMP) ## ruff, format, file lengths: seconds
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files '*.py' '*.html' '*.css' '*.js' '*.md' Makefile ':!integrations/migrations' | while read -r file; do \
		[ -f "$$file" ] && [ "$$(wc -l < "$$file")" -gt $(MAX_LINES) ] && echo "$$file is longer than $(MAX_LINES) lines"; \
	done | { ! grep . >&2; }

lint: style ## The same, mypy, import contracts, migrations and the deployment check
	@$(NOWHERE) $(BIN)/mypy integrations project sandbox benchmarks
	@$(BIN)/lint-imports
	@$(NOWHERE) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION) FIELD_ENCRYPTION_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
		$(PY) manage.py check --deploy --fail-level WARNING

audit: $(STAMP) ## Compare the locked packages with the published advisories (needs a network)
	@$(PY) -m project.advisories

format: $(STAMP) ## Format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: $(STAMP) ## Collect and compile the Portuguese texts (needs gettext)
	@command -v msgfmt >/dev/null 2>&1 || { echo "gettext is missing: apt-get install gettext" >&2; exit 1; }
	@$(PY) manage.py makemessages --locale pt_BR --no-location --no-obsolete --ignore '.venv/*' --ignore 'sandbox/*'
	@msgcat --sort-output -o $(PO) $(PO)  # else the order is that of the folders, which changes from machine to machine
	@$(PY) manage.py compilemessages --locale pt_BR --ignore '.venv/*'

# One resolution for every platform and Python from 3.11 on: the development lock is made first and binds the runtime's.
LOCK = $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --annotation-style line --custom-compile-command "make lock" \
	$(if $(UPGRADE),$(if $(filter 1,$(UPGRADE)),--upgrade,--upgrade-package $(UPGRADE)))

lock: $(STAMP) ## Renew requirements*.txt from requirements*.in [UPGRADE=1 for all, UPGRADE=name for one]
	@$(LOCK) -o requirements-dev.txt requirements-dev.in
	@$(LOCK) -o requirements.txt -c requirements-dev.txt requirements.in

hooks: $(STAMP) ## Let git run `style` before each commit and `lint` before each push
	@$(BIN)/pre-commit install

# The virtual environment, made once and brought up to date when a lock changes. Wheels only: what builds a source
# distribution would be downloaded without its hash being known.
$(STAMP): requirements.txt requirements-dev.txt
	@found=""; \
	for name in "$$PYTHON" python3.13 python3.12 python3.11 python3; do \
		[ -n "$$name" ] || continue; \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found="$$name"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed; found: $$(python3 --version 2>&1 || echo none). Name one: make PYTHON=/path/to/python3.11 …" >&2; \
		exit 1; \
	fi; \
	if [ ! -x $(PY) ]; then \
		echo "Making .venv with $$found …" >&2; \
		"$$found" -m venv .venv || { echo "Python's venv module does not work (Debian: apt-get install python3-venv)." >&2; exit 1; }; \
	fi; \
	echo "Installing requirements-dev.txt …" >&2; \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $(STAMP)
