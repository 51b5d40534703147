# What can be asked of this checkout; `python3 build.py --help` has the options.

PYTHON = /usr/bin/python3
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)

.PHONY: build lock docs dev test test-all soak release bench bench-quick repo-demo clean

build:
	$(PYTHON) build.py

lock:
	$(PYTHON) build.py lock

# the tables of settings and questions in docs/
docs:
	$(PYTHON) build.py docs

# the working tree on a booted server, which follows it
dev:
	$(PYTHON) tests/run.py dev --sit

# what has to pass before a change lands
test:
	$(PYTHON) tests/run.py

# everything, on every suite: for a release
test-all:
	$(PYTHON) tests/run.py --all

# hours of accidents on booted servers: docs/reliability.md
soak:
	$(PYTHON) tests/run.py soak

# what is committed, as make release VERSION=1.2.3
release:
	$(PYTHON) build.py release $(or $(VERSION),$(error type: make release VERSION=1.2.3))

# next to the peers, of the package that `make` has built; over an hour, or some minutes
bench:
	$(PYTHON) bench/run.py

bench-quick:
	$(PYTHON) bench/run.py --quick

# two versions in a signed repository, dist/repo, to look at
repo-demo: build
	$(PYTHON) tests/repo_demo.py

# clean roots of other suites belong to root
clean:
	$(SUDO) rm -rf --one-file-system .build dist
