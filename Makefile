# What people and CI run. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO := cargo
TOOLS := .tools/bin

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## Build the functions and the local stack
	@echo "Building the functions and the local stack (a first build takes a few minutes)…"
	@$(CARGO) build --locked --workspace --bins

run: build ## Start the whole system on this machine
	@exec target/debug/seatkeeper-local

demo: build ## Tell the story in a terminal, on a throwaway stack
	@exec target/debug/seatkeeper-demo

test: build ## Run every test
	$(CARGO) test --locked --workspace --all-features

check: ## All that has to hold before a change lands
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --all-features --no-deps --document-private-items
	$(MAKE) deny machete
	$(MAKE) test

deny: $(TOOLS)/cargo-deny ## Check licences, sources and duplicates of the dependencies
	@$(CARGO) fetch --locked --quiet
	$(TOOLS)/cargo-deny --locked --offline check bans licenses sources

advisories: $(TOOLS)/cargo-deny ## Check the dependencies for known advisories (needs their database, from the network)
	$(TOOLS)/cargo-deny --locked check advisories

machete: $(TOOLS)/cargo-machete ## Find dependencies that nothing uses
	$(TOOLS)/cargo-machete

$(TOOLS)/cargo-deny:
	$(CARGO) install cargo-deny --version 0.20.2 --locked --root .tools

$(TOOLS)/cargo-machete:
	$(CARGO) install cargo-machete --version 0.9.2 --locked --root .tools

figures: build ## Print what each operation costs, as the README and docs/data-model.md have it
	$(CARGO) test --locked -p shared --all-features --test store budgets -- --nocapture --test-threads 1

images: ## Take the pictures for the README again (needs Debian's chromium)
	@mkdir -p target/images docs/images
	@awk 'marks >= 2; /^---$$/ { marks++ }' shared/src/mail/snapshots/shared__mail__tests__html.snap > target/images/mail.html
	@printf '<body style="margin:0;display:flex;gap:16px;background:#fff"><iframe src="mail.html" style="border:0;width:390px;height:800px"></iframe><iframe src="mail.html" style="border:0;width:760px;height:800px"></iframe></body>' > target/images/both.html
	@chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=4000 --user-data-dir=target/images/profile --allow-file-access-from-files \
	  --window-size=1166,800 --screenshot=docs/images/mail.png "file://$(CURDIR)/target/images/both.html" 2>/dev/null
	@echo "docs/images/mail.png: look at it"

clean: ## Remove what was built, and the local stack's data
	$(CARGO) clean
	rm -rf .local

.PHONY: help build run demo test check deny advisories machete figures images clean
