# Every command for people and CI. `make` alone lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO := cargo
# Optimises more for the tests.
TESTED := --config tests/cargo.toml
TOOLS := .tools/bin
# Python's tools, in an environment each: deployment, the AWS emulator, the test of the API, and what looks after these lists.
AWS := .tools/aws
MINISTACK := .tools/ministack
API := .tools/api
LISTS := .tools/lists
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# npm builds the pages and tests them in a browser.
export npm_config_audit := false
export npm_config_fund := false
export npm_config_progress := false
export npm_config_loglevel := error
export npm_config_update_notifier := false
# Registries and mirrors fail now and then. Each tool limits the time of a download, and tries again.
export PIP_RETRIES := 10
export PIP_TIMEOUT := 60
export npm_config_fetch_retries := 6
export CARGO_NET_RETRY := 10

# npm writes this list last, so it is there only after a whole installation.
MODULES := node_modules/.package-lock.json
PAGES := portal/dist/index.html
# The sources of the pages. Folders too: deleting a file makes its folder newer.
PORTAL := $(wildcard portal/*.html portal/*.json portal/*.ts) $(shell find portal/src portal/public)

STACK ?= seatkeeper
ARCH ?= x86_64
SBOM_TARGET = $(ARCH:arm64=aarch64)-unknown-linux-gnu

help: ## Print this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

# Only the binaries of `make run`: no test, model or fuzz target. `make test` has built them already, and sets BUILT.
build: ## Build the functions and the local stack
ifndef BUILT
	@echo "Building the functions and the local stack (a first build takes a few minutes)…"
	@$(CARGO) build --locked --bins --package seatkeeper-local $(addprefix --package ,$(notdir $(wildcard functions/*)))
endif

# One build for all tests: the features that tests need would otherwise compile crates twice.
build-tests:
	@$(CARGO) $(TESTED) build --locked --workspace --all-features --bins --tests

run: ## Start the whole system on this machine
	@$(MAKE) --no-print-directory -j2 build portal
	@exec target/debug/seatkeeper-local

demo: build ## Show the product in a terminal, on a throwaway stack
	@$(CARGO) build --locked --quiet --package tests --bin demo
	@exec target/debug/demo

test: ## Run the tests, side by side; ends with a table
	@python3 tests/parts.py

# The packages of npm and pip, and the pages.
install:
	@$(MAKE) -j4 portal chromium tests/browser/$(MODULES) $(AWS)/ready $(MINISTACK)/ready $(API)/ready

test-rust: build-tests ## Test the functions and the local stack
	@python3 tests/rust.py

test-portal: portal/$(MODULES) tests/browser/$(MODULES) ## Test the portal's code, and check its types
	@cd portal && npm run --silent check && npm --silent test

test-browser: build portal chromium tests/browser/$(MODULES) ## Test the portal in a browser, on the local stack (PROOF=short: the sample of make test)
	@cd tests/browser && npm --silent test

test-deploy: build $(AWS)/ready ## Test the deployment's scripts
	$(AWS)/bin/pytest -q infra/tests

# The emulator runs the zips of the development build, or with ZIPS=package those for AWS.
ZIPS ?= package-debug

test-cloud: build portal $(ZIPS) $(MINISTACK)/ready ## Deploy to an AWS emulator, and test there (ZIPS=package for the optimised zips)
	$(AWS)/bin/pytest -q tests/cloud

# Seconds for each of the four kinds of people (0: a dozen requests of each kind for each operation), and the seed.
API_SECONDS ?= 0
API_SEED ?= 1

test-api: build portal $(API)/ready ## Test the API against its OpenAPI description (API_SECONDS= API_SEED=)
	@$(API)/bin/python tests/api/check.py --seconds $(API_SECONDS) --seed $(API_SEED)

# Seconds for the histories, the chaos, each fuzz target, and each kind of people of the API test.
PROVE_SECONDS ?= 600

prove: prove-model prove-faults prove-histories prove-load prove-chaos ## Run the long proof: hours, or 100 minutes with PROVE_SECONDS=60 (docs/reliability.md)
	$(MAKE) fuzz FUZZ_SECONDS=$(PROVE_SECONDS)
	$(MAKE) prove-api
	$(MAKE) test-browser

build-prove:
	@echo "Building the proof, optimised (ten minutes the first time)…"
	@$(CARGO) build --locked --workspace --all-features --bins --profile prove

prove-model: build-prove
	target/prove/model --large

prove-faults: build-tests
	PROPTEST_CASES=20000 $(CARGO) $(TESTED) test --locked --workspace --all-features --test store conditions
	PROOF=long $(CARGO) $(TESTED) test --locked --workspace --all-features --test proof -- --nocapture

prove-histories: build-prove
	target/prove/prove histories --seconds $(PROVE_SECONDS)

prove-load: build-prove
	target/prove/prove load

prove-chaos: build-prove
	target/prove/prove chaos --seconds $(PROVE_SECONDS)

prove-api:
	$(MAKE) test-api API_SECONDS=$(PROVE_SECONDS) API_SEED=$$RANDOM

# ---- The portal

portal: $(PAGES) ## Build the portal's pages, if they are out of date

$(PAGES): $(PORTAL) portal/$(MODULES)
	@echo "Building the portal…"
	@cd portal && npm run --silent build
	@touch $@

%/$(MODULES): %/package-lock.json
	@$(NODE_CHECK)
	@echo "Installing the packages of $*…"
	@cd $* && npm ci --ignore-scripts >/dev/null
	@touch $@

# Older versions read neither the lock file nor the build's settings.
define NODE_CHECK
command -v node npm >/dev/null || { echo "The portal needs Node.js 20.19 or newer and npm 11 or newer: install them" >&2; exit 1; }; \
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' || \
  { echo "The portal needs Node.js 20.19 or newer, and here is $$(node --version): install a newer one" >&2; exit 1; }; \
[ "$$(npm --version | cut -d. -f1)" -ge 11 ] || \
  { echo "The portal needs npm 11 or newer, and here is $$(npm --version): npm install --global npm@11" >&2; exit 1; }
endef

# The headless shell paints no window, so it takes half of Chromium's processor time.
CHROMIUM = $$(command -v chromium-headless-shell || command -v chromium)

# Another apt-get may hold the lock for a while, such as the machine's own updates.
APT_GET = apt-get -o Acquire::Retries=6 -o DPkg::Lock::Timeout=300

chromium:
	@test -n "$(CHROMIUM)" || if [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Chromium…" && $(APT_GET) update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(APT_GET) install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core >/dev/null; \
	else echo "Chromium is not installed: run apt-get install --no-install-recommends chromium-headless-shell fonts-dejavu-core as root" >&2; exit 1; fi

# ---- AWS

package: $(AWS)/ready ## Build the functions' zips (ARCH=arm64)
	@PATH="$(CURDIR)/$(AWS)/bin:$$PATH" $(AWS)/bin/python infra/package.py --arch $(ARCH)

package-debug: build $(AWS)/ready
	@$(AWS)/bin/python infra/package.py --debug

# Passes each given variable to infra/deploy.py as an option: MAIL_FROM=… is --mail-from …. A default of this file is not
# passed, so the stack keeps its ARCH. Single quotes keep the shell from expanding the value.
DEPLOY := MAIL_FROM MAIL_SUBJECT MAIL_LINK_TEXT START_URL ALARM_EMAIL MONTHLY_BUDGET SIGN_IN_FROM SIGN_IN_REGION \
  ISSUER AUDIENCE CLIENT_ID SCOPE_PREFIX TOKEN_SCOPE_PREFIX \
  AUTHORIZE_PARAMETERS ENTITLEMENT_CLAIM ORGANISATION_CLAIM CREATE_USER_POOL \
  PORTAL_DOMAIN CERTIFICATE_ARN ARCH INVITE_LIFETIME RETENTION SEND_RATE SENDING_PAUSED WEB_ACL RESERVED_CONCURRENCY \
  LIMIT_RECIPIENT_PER_DAY LIMIT_RECIPIENT_INTERVAL LIMIT_MANAGER_PER_HOUR LIMIT_DEAL_PER_DAY
quoted = '$(subst ','\'',$(1))'
given = $(if $(filter-out file undefined,$(origin $(1))),$($(1)))
option = $(if $(call given,$(1)),--$(shell echo $(1) | tr A-Z_ a-z-) $(call quoted,$($(1))))

# A misspelt name would be ignored, and the stack would keep its setting.
typed = $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
unknown = $(filter-out $(DEPLOY) STACK ROTATE_ORIGIN_SECRET,$(typed))
ifneq ($(filter deploy,$(MAKECMDGOALS)),)
$(if $(unknown),$(error make deploy knows no $(unknown): docs/deploy.md has the names))
endif

deploy: portal $(AWS)/ready ## Deploy to AWS (docs/deploy.md)
	@PATH="$(CURDIR)/$(AWS)/bin:$$PATH" $(AWS)/bin/python infra/deploy.py --package --stack $(call quoted,$(STACK)) \
	  $(foreach name,$(DEPLOY),$(call option,$(name))) $(if $(ROTATE_ORIGIN_SECRET),--rotate-origin-secret)

sender: $(AWS)/ready ## Create a sender, and print its DNS records (MAIL_FROM= or SIGN_IN_FROM=)
	@PATH="$(CURDIR)/$(AWS)/bin:$$PATH" $(AWS)/bin/python infra/sender.py $(call quoted,$(or $(SIGN_IN_FROM),$(MAIL_FROM))) \
	  --stack $(call quoted,$(STACK)) $(if $(SIGN_IN_FROM),--sign-in --region $(call quoted,$(SIGN_IN_REGION))) $(if $(ONLY_ADDRESS),--only-address)

# EMAIL and ORG count only on the command line: many people have an EMAIL in their environment, for git.
said = $(call quoted,$(if $(filter command,$(origin $(1))),$($(1))))

manager: $(AWS)/ready ## Appoint a learning manager in the user pool (EMAIL= ORG=)
	@$(AWS)/bin/python infra/people.py manager --stack $(call quoted,$(STACK)) --email $(call said,EMAIL) --org $(call said,ORG)

partner: $(AWS)/ready ## Appoint a partnership manager (EMAIL=)
	@$(AWS)/bin/python infra/people.py partner --stack $(call quoted,$(STACK)) --email $(call said,EMAIL)

dismiss: $(AWS)/ready ## Withdraw both appointments (EMAIL=; with another issuer SUBJECT=, which ends only sending and the digest)
	@$(AWS)/bin/python infra/people.py dismiss --stack $(call quoted,$(STACK)) --email $(call said,EMAIL) --subject $(call said,SUBJECT)

opt-in: $(AWS)/ready ## Lift a person's opt-out from an organisation's invites (EMAIL= ORG=)
	@$(AWS)/bin/python infra/people.py opt-in --stack $(call quoted,$(STACK)) --email $(call said,EMAIL) --org $(call said,ORG)

audit: $(AWS)/ready ## Print who changed a deal and its invites (DEAL=, and EMAIL= for one person)
	@$(AWS)/bin/python infra/audit.py --stack $(call quoted,$(STACK)) --deal $(call said,DEAL) --email $(call said,EMAIL)

# ---- Checks

check: static ## Check everything before a change lands: make static, then make test
	$(MAKE) test

static: ## Check format, lints, docs, words, dependencies, templates: no test of the code
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --all-features --no-deps --document-private-items
	$(MAKE) words deny machete lint-portal lint-python lint-template policies

# git grep ends with 1 where it finds nothing, and with more if it cannot search.
words: ## Look for the phrases that .ci/words lists
	@git grep -nwiIE -f <(grep '^[^#]' .ci/words) -- . ':!.ci/words' ':!*.lock' ':!*package-lock.json' ':!tests/fuzz/corpus'; \
	  case $$? in 1) ;; 0) echo "Say these lines in plain words; the comments in .ci/words say how." >&2; exit 1 ;; *) exit 2 ;; esac

lint-portal: portal/$(MODULES) tests/browser/$(MODULES)
	@cd portal && npm run --silent check

lint-python: $(AWS)/ready
	$(AWS)/bin/ruff check --config infra/pyproject.toml infra tests/*.py tests/cloud tests/api
	$(AWS)/bin/ruff format --config infra/pyproject.toml --check infra tests/*.py tests/cloud tests/api

lint-template: $(AWS)/ready ## Check the templates
	$(AWS)/bin/cfn-lint infra/template.yaml infra/sender.yaml infra/web-acl.yaml
	AWS_DEFAULT_REGION=us-east-1 $(AWS)/bin/sam validate --lint --template infra/template.yaml

policies: $(TOOLS)/cfn-guard $(AWS)/ready ## Check the templates against infra/rules, and that each rule can fail
	$(TOOLS)/cfn-guard validate --rules infra/rules --data infra/template.yaml infra/sender.yaml infra/web-acl.yaml
	$(AWS)/bin/pytest -q infra/rules

deny: $(TOOLS)/cargo-deny ## Check licences, sources and duplicates of the dependencies
	@$(CARGO) fetch --locked --quiet
	$(TOOLS)/cargo-deny --locked --offline check bans licenses sources

advisories: $(TOOLS)/cargo-deny $(LISTS)/ready ## Check crates, npm and Python packages for known advisories (needs the network)
	@$(TOOLS)/cargo-deny --locked check advisories || { echo "Either an advisory is named above, or the database could not be downloaded from" \
	  "github.com/rustsec/advisory-db, and nothing was checked. Then run this again with a network." >&2; exit 1; }
	@for folder in portal tests/browser; do (cd $$folder && npm audit --package-lock-only) || exit 1; done
	@for list in $(PYTHON_LISTS); do $(LISTS)/bin/pip-audit --disable-pip --require-hashes --requirement $$list/requirements.txt || exit 1; done

machete: $(TOOLS)/cargo-machete ## Find unused dependencies
	$(TOOLS)/cargo-machete

# The tool writes the lists beside each Cargo.toml, with this folder's path in their references.
sbom: $(TOOLS)/cargo-cyclonedx ## List the packages of the functions and the portal (CycloneDX, in target/sbom/)
	@rm -rf target/sbom && mkdir -p target/sbom
	@$(TOOLS)/cargo-cyclonedx cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --no-build-deps \
	  --target $(SBOM_TARGET)
	@for file in functions/*/*_bin.cdx.json; do name=$$(basename $$file _bin.cdx.json); \
	  sed 's|path+file://$(CURDIR)/|path+file:///|g' $$file > target/sbom/$$name.cdx.json; done
	@rm -f functions/*/*_bin.cdx.json infra/local/*_bin.cdx.json tests/*_bin.cdx.json tests/*/*_bin.cdx.json
	@$(NODE_CHECK)
	@cd portal && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx > ../target/sbom/portal.cdx.json
	@! grep -l '$(CURDIR)' target/sbom/* || { echo "The lists name a path of this machine: remove it with the sed above." >&2; exit 1; }
	@for file in target/sbom/*; do echo "$$file: $$(grep -c '"purl"' $$file) packages"; done

$(TOOLS)/cargo-cyclonedx:
	$(CARGO) install cargo-cyclonedx --version 0.5.9 --locked --root .tools

$(TOOLS)/cargo-deny:
	$(CARGO) install cargo-deny --version 0.20.2 --locked --root .tools

$(TOOLS)/cargo-machete:
	$(CARGO) install cargo-machete --version 0.9.2 --locked --root .tools

$(TOOLS)/cfn-guard:
	$(CARGO) install cfn-guard --version 3.2.1 --locked --root .tools

# The lists name every package, also those of extras, which pip cannot match with hashes. So it resolves nothing. A package that
# is not built yet would run its own script.
$(AWS)/ready: infra/requirements.txt
	@echo "Installing the deployment's tools (a minute)…"
	@python3 -m venv --clear $(AWS) && $(AWS)/bin/pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement $< && touch $@

$(MINISTACK)/ready: tests/cloud/requirements.txt
	@echo "Installing the AWS emulator…"
	@python3 -m venv --clear $(MINISTACK) && $(MINISTACK)/bin/pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement $< && touch $@

$(API)/ready: tests/api/requirements.txt
	@echo "Installing the API test's tools…"
	@python3 -m venv --clear $(API) && $(API)/bin/pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement $< && touch $@

$(LISTS)/ready: infra/lists/requirements.txt
	@python3 -m venv --clear $(LISTS) && $(LISTS)/bin/pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement $< && touch $@

PYTHON_LISTS := infra infra/lists tests/cloud tests/api

# The hashes are of all files of a version, so the lists hold on every platform. No list names a registry.
lock: $(LISTS)/ready ## Resolve the versions of the Python tools again, with their hashes
	for list in $(PYTHON_LISTS); do (cd $$list && $(CURDIR)/$(LISTS)/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe \
	  --strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file requirements.txt requirements.in && sed -i '1i # Written by `make lock` from requirements.in.' requirements.txt) || exit 1; done

figures: build ## Print the cost of each operation, against its ceiling (docs/data-model.md)
	$(CARGO) test --locked --workspace --all-features --test store budgets -- --nocapture --test-threads 1

# libFuzzer's instrumentation, by options of the stable compiler, for the target only: not for build scripts.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
INSTRUMENTS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(wildcard tests/fuzz/corpus/*))

cxx:
	@command -v $${CXX:-c++} >/dev/null || { echo "make fuzz needs a C++ compiler: apt-get install g++ (as root), or set CXX" >&2; exit 1; }

fuzz: cxx ## Fuzz (FUZZ_SECONDS=60 for each of FUZZ_TARGETS; needs a C++ compiler)
	@RUSTFLAGS="$(INSTRUMENTS)" $(CARGO) build --locked --profile fuzz --package fuzz --target $(HOST) --target-dir target/fuzz
	@for target in $(FUZZ_TARGETS); do mkdir -p target/fuzz/corpus/$$target; echo "$$target, $(FUZZ_SECONDS) s:"; \
	  TARGET=$$target target/fuzz/$(HOST)/fuzz/fuzz target/fuzz/corpus/$$target tests/fuzz/corpus/$$target \
	    -artifact_prefix=tests/fuzz/corpus/$$target/ -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=4096 \
	    -dict=tests/fuzz/words.dict -print_final_stats=1 2>target/fuzz/$$target.log \
	    || { grep -v '^#' target/fuzz/$$target.log | tail -60; exit 1; }; \
	  sed -n -e 's/^stat::number_of_executed_units: */  executions /p' -e 's/^stat::average_exec_per_sec: */  a second   /p' \
	    -e 's/^stat::new_units_added: */  new inputs /p' target/fuzz/$$target.log; done

bench: build portal ## Measure start and warm requests, against infra/budgets.json (needs valgrind)
	@python3 infra/bench.py

costs: ## Print the running costs, as in docs/how-to.md
	@python3 infra/costs.py

images: build portal chromium tests/browser/$(MODULES) ## Take the pictures in docs/images/ again
	@mkdir -p target/images docs/images
	@awk 'marks >= 2; /^---$$/ { marks++ }' shared/src/mail/snapshots/shared__mail__tests__html.snap > target/images/mail.html
	@printf '<body style="margin:0;display:flex;gap:16px;background:#fff"><iframe src="mail.html" style="border:0;width:390px;height:960px"></iframe><iframe src="mail.html" style="border:0;width:760px;height:960px"></iframe></body>' > target/images/both.html
	@"$(CHROMIUM)" --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=4000 --user-data-dir=target/images/profile --allow-file-access-from-files \
	  --window-size=1166,960 --screenshot=docs/images/mail.png "file://$(CURDIR)/target/images/both.html" 2>/dev/null
	@cd tests/browser && npm run --silent images
	@echo "docs/images/: look at them"

clean: ## Remove all builds, and the local stack's data
	$(CARGO) clean
	rm -rf .local .local.old-* portal/dist

.DELETE_ON_ERROR:
.PHONY: help build build-tests build-prove install run demo test prove prove-model prove-faults prove-histories prove-load prove-chaos prove-api test-rust test-portal test-deploy test-browser test-cloud test-api portal chromium package package-debug deploy sender manager partner dismiss opt-in audit check static words \
  lint-portal lint-python lint-template policies deny advisories sbom machete lock figures bench cxx fuzz costs images clean
