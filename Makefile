# The front door. `make help` lists what is here.
.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt build install bench mutants

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

demo: ## a squad of five mends a bug and builds a feature, with a scripted model
	@scripts/setup.sh demo
	@cargo build --quiet --bin squad
	@target/debug/squad demo

test: ## every test, on SQLite and PostgreSQL
	@scripts/setup.sh test
	@cargo build --quiet --workspace --bins --examples
	@cargo test --quiet --workspace --doc
	@# Half as many again as there are cores: many of them wait for programs, leases and databases.
	@scripts/with-docker.sh scripts/with-postgres.sh cargo nextest run --workspace --no-fail-fast --test-threads $$(( $$(nproc) * 3 / 2 ))

lint: ## formatting, clippy with warnings denied, licences and sources
	@scripts/setup.sh lint
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets -- -D warnings
	@cargo deny --all-features check bans licenses sources

fmt: ## format the code
	@cargo fmt --all

build: ## an optimized `squad` in target/release
	@cargo build --release --bin squad

install: ## install `squad` for this user
	@cargo install --locked --path crates/squad

mutants: ## engines made wrong on purpose; the simulation has to catch each
	@scripts/mutants.sh

bench: ## what things cost here; give the machine nothing else to do
	@scripts/bench.sh
