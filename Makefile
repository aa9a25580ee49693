# make demo   four SQS clients side by side through rotations, outages and faults; a table and a picture (3 minutes)
# make test   everything that is claimed, tested; installs what is missing (Debian or Ubuntu, as root)
# make jar    build/libs/evercreds-<version>.jar
# make bench  reads, stalls, cold starts and footprint beside the SDKs' own: docs/benchmarks.md and its picture (15 minutes)
# make check  what takes longer than make test: every rule under ten times the cases; exits, class loaders, torn reads, freezes
# make mutants   breaks the refresh rules in some hundred ways and looks whether the tests notice (half an hour); not part of it
# make fuzz, make asan, make miri   hostile input, memory and undefined behaviour, each for itself; part of make check
#
# Needs Rust (see `rust-version` in Cargo.toml), a JDK (11 or later), Gradle (4.4.1 or later), a C compiler and make.

SHELL := /bin/bash
GRADLE ?= gradle --no-daemon --console=plain
JDKS ?= $(shell .ci/jdks)

.PHONY: test demo jar bench check fuzz asan miri mutants tools lint rust bend java

test: lint rust bend java
	@echo "make test: all passed"

tools:
	@.ci/tools

lint: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

rust: tools
	cargo test --workspace --locked

bend: tools
	TIME_BEND_JDKS="$(subst $() ,:,$(JDKS))" $(MAKE) -C tests/time-bend check

# The default JDK first, then each other one that is installed.
java: tools
	cargo build --locked -p aws-sim
	$(GRADLE) build
	@for jdk in $(JDKS); do echo "--- the Java tests on $$jdk"; $(GRADLE) jdkTest "-PtestJdk=$$jdk" || exit 1; done

jar: tools
	$(GRADLE) jar

demo: tools
	$(GRADLE) demo

bench: tools
	$(GRADLE) bench

check: test
	PROPTEST_CASES=100000 cargo test --locked --release --test refresh_invariants --test fleet
	$(GRADLE) proof
	$(MAKE) miri
	$(MAKE) asan
	$(MAKE) fuzz

# FUZZ_SECONDS for each of the four targets; nightly Rust, and cargo-fuzz if it is missing, are fetched (with rustup).
fuzz: tools
	@.ci/fuzz

asan: tools
	@GRADLE="$(GRADLE)" .ci/asan

miri: tools
	@.ci/miri

mutants: tools
	@.ci/mutants
