# make            build out/ception and out/cdock
# make demo       watch a container being made
# make inception  containers in containers, down to where the kernel says no
# make test       run the tests; test-all adds the long ones, and what needs a download or a virtual machine
# make install    PREFIX=/usr/local DESTDIR=
# make bench      measure ception beside crun, runc, bubblewrap and the floor, into bench/RESULTS.md and bench/run.svg
#                 (bench/timeline: its last section alone; bench/run-v2: on cgroup v2, in a virtual machine; bench/endurance: ten thousand in a row;
#                 bench/engines: cdock beside podman and docker)
# make bench-micro  measure the hot pieces by BenchmarkDotNet, which NuGet brings, into bench/MICRO.md
# make docs       write docs/commands.md and docs/support.md from what the programs say of themselves
# make format     lay the code out; format-check only looks
# make clean
# What is missing comes from Debian's packages; once it is there no network is needed.

PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

# Folders too: their time changes when a file goes.
sources = $(shell find $(1) -not -name '*~') Directory.Build.props Directory.Packages.props global.json build/publish
runtime = $(addprefix src/Containerception.,Runtime Cgroups Seccomp Supervision Oci Linux)
engine = $(addprefix src/Containerception.,Engine Images Networks Supervision Oci Linux)

.PHONY: all build demo inception test test-all install bench bench-micro docs format format-check clean
all: build
build: out/ception out/cdock

out/ception: $(call sources,src/ception $(runtime))
	@build/need build
	build/publish src/ception $@

out/cdock: $(call sources,src/cdock $(engine)) | out/ception
	build/publish src/cdock $@

artifacts/probe: $(call sources,tests/Probe) | out/ception
	build/publish tests/Probe artifacts/probe

demo: build
	@build/demo

inception: build
	@build/inception

test: build artifacts/probe
	@build/need test
	@build/test

test-all: build artifacts/probe
	@build/need test
	@build/test --all

install: build
	build/install $(PREFIX)

bench: build
	bench/run

bench-micro: out/cdock
	bench/micro

docs: build
	build/reference >docs/commands.md
	out/ception generate support >docs/support.md

format:
	dotnet format containerception.slnx

format-check:
	dotnet format containerception.slnx --verify-no-changes

clean:
	rm -rf out artifacts
