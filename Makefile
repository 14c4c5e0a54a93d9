# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every target sets up what it needs by itself: a virtual environment in .venv, and Debian packages where the tests
# want them. "make" alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

environment := tests/gate/environment.sh
python := .venv/bin/python
requirements := requirements.txt requirements-psrp.txt requirements-test.txt requirements-tools.txt

# Stamps: a step is repeated only when what it was made from has changed.
venv_ready := .venv/ready
debian_ready := build/stamps/debian
link_ready := build/stamps/link

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/build/collections
export PYTHONPATH := $(CURDIR)/build/collections:$(CURDIR)
# A world-writable checkout ignores ansible.cfg, others would read it: the settings are the exported ones either way.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# One locale everywhere; ansible refuses to start in one that is not UTF-8.
export LC_ALL := C.UTF-8
unexport VIRTUAL_ENV PYTHONHOME

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(venv_ready) $(link_ready) ## Start the simulated fleet, then find, fix, prove and undo on it
	@$(python) -m tests.integration.demo

.PHONY: diagnose-demo
diagnose-demo: setup ## Find every cause on a simulated fleet, and compare each verdict with the one expected
	@$(python) -m tests.integration.diagnose_demo

.PHONY: test
test: setup ## Everything that must hold: lint, sanity, unit, conformance and integration tests
	@$(python) -m tests.gate.run all

.PHONY: lint
lint: $(venv_ready) $(link_ready) ## Format, lint, types, documentation, shape of the tree
	@$(python) -m tests.gate.run lint

.PHONY: sanity
sanity: setup ## ansible-test sanity, without a single ignored finding
	@$(python) -m tests.gate.run sanity

.PHONY: unit
unit: $(venv_ready) $(link_ready) ## Unit tests, with the branches they cover
	@$(python) -m tests.gate.run unit

.PHONY: hostile
hostile: $(venv_ready) $(link_ready) ## A short run of the fuzz targets, and the property-based tests
	@$(python) -m tests.gate.run hostile

.PHONY: fuzz
fuzz: $(venv_ready) $(link_ready) ## A million hostile inputs, then thousands of random sequences of runs and faults
	@$(python) -m tests.fuzz
	@$(python) -m pytest -q --numprocesses=2 --hypothesis-profile=long tests/properties

.PHONY: conformance
conformance: setup ## Tests against programs that others wrote
	@$(python) -m tests.gate.run conformance

.PHONY: integration
integration: $(venv_ready) $(link_ready) ## ansible-playbook against the simulated fleet
	@$(python) -m tests.gate.run integration

.PHONY: mutants
mutants: $(venv_ready) $(link_ready) ## Break the code on purpose, thousands of times: a test must fail each time
	@$(python) -m tests.gate.mutants

.PHONY: matrix
matrix: $(venv_ready) $(link_ready) ## Unit and sample integration tests with the oldest and newest ansible-core
	@$(python) -m tests.gate.matrix

.PHONY: faults
faults: $(venv_ready) $(link_ready) ## Break changes off at every step, in every way: no host may stay harmed
	@$(python) -m tests.faults

.PHONY: bench
bench: $(venv_ready) $(link_ready) ## Count requests, bytes and sessions; compare run times
	@$(python) -m tests.bench

.PHONY: docs
docs: $(venv_ready) $(link_ready) ## Write the variable tables of the role's README from its argument_specs
	@$(python) -m tests.gate.role_tables --write

.PHONY: format
format: $(venv_ready) ## Apply the formatter and the linter's safe fixes
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: setup
setup: $(venv_ready) $(link_ready) $(debian_ready) ## Set up everything once (the other targets do so themselves)

.PHONY: clean
clean: ## Remove what was generated, but not the virtual environment
	rm -rf build tests/output .hypothesis .mypy_cache .pytest_cache .ruff_cache .ansible
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove the virtual environments too
	rm -rf .venv .venv-*

$(venv_ready): $(requirements) $(environment)
	@bash $(environment) venv .venv requirements-test.txt requirements-tools.txt
	@touch $@

$(debian_ready): bindep.txt $(environment)
	@bash $(environment) debian
	@mkdir -p $(@D) && touch $@

$(link_ready): $(environment)
	@bash $(environment) link
	@mkdir -p $(@D) && touch $@
