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
	$(TOOLS)/cargo-deny --locked --offline check bans licenses sources

advisories: $(TOOLS)/cargo-deny ## Check the dependencies for known advisories (needs their database, from the network)
	$(TOOLS)/cargo-deny --locked check advisories

machete: $(TOOLS)/cargo-machete ## Find dependencies that nothing uses
	$(TOOLS)/cargo-machete

$(TOOLS)/cargo-deny:
	$(CARGO) install cargo-deny --version 0.20.2 --locked --root .tools

$(TOOLS)/cargo-machete:
	$(CARGO) install cargo-machete --version 0.9.2 --locked --root .tools

clean: ## Remove what was built, and the local stack's data
	$(CARGO) clean
	rm -rf .local

.PHONY: help build run demo test check deny advisories machete clean
