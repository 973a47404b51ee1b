# A fresh clone needs `make demo` and `make test`, nothing before them. Whatever is made goes to .cache/, or to GATEHOUSE_CACHE.
export GATEHOUSE_CACHE ?= $(CURDIR)/.cache
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(GATEHOUSE_CACHE)/collections
export LC_ALL := C.UTF-8
PROGRAMS := $(GATEHOUSE_CACHE)/venv/bin
export PATH := $(PROGRAMS):$(PATH)
CLUSTER := "$(PROGRAMS)/python" tests/cluster
CHECKS := "$(PROGRAMS)/python" tests/setup/checks.py
SET_UP := { [ -x "$(PROGRAMS)/python" ] || { echo "Nothing was made yet: 'make demo' begins."; exit 1; }; }

.DEFAULT_GOAL := help
.PHONY: help demo test test-kind test-all molecule setup tools kind cluster status stop units integration lint sanity docs bench oracle format screenshot build changelog requirements clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: cluster ## install Istio on an embedded cluster and serve two applications through it over HTTPS
	@ansible-playbook playbooks/demo.yml -e "@$(GATEHOUSE_CACHE)/cluster/vars.yml"

test: tools ## run every check and every test, all on embedded clusters
	@$(CHECKS) lint sanity units integration scenarios

test-kind: setup ## run the Molecule scenarios on kind; without Docker and without root, they are skipped
	@GATEHOUSE_CLUSTER=kind $(CHECKS) scenarios

test-all: test test-kind ## run all tests, and those that take long: 3000 generated clusters, which are new ones each time
	@"$(PROGRAMS)/python" tests/oracle --count $(or $(COUNT),3000)

molecule: tools ## run the Molecule scenarios, each on an embedded cluster of its own
	@$(CHECKS) scenarios

setup: ## install the pinned Python packages (demo and test do it by themselves)
	@python=$$(tests/setup/find-python.sh) && "$$python" tests/setup/environment.py

tools: setup ## build the programs of the embedded cluster (about 15 minutes, once)
	@$(CLUSTER) tools

kind: setup ## make all that clusters of kind need: programs, Docker, images
	@$(CLUSTER)/kind prepare

cluster: setup ## start the embedded cluster
	@$(CLUSTER) start

status: ## show the embedded cluster's parts
	@$(SET_UP) && $(CLUSTER) status

stop: ## stop the embedded cluster
	@$(SET_UP) && $(CLUSTER) stop

units: setup ## run the unit tests
	@$(CHECKS) units

integration: tools ## run the integration tests, on embedded clusters of their own
	@$(CHECKS) integration

# ONLY="ruff check" (one of them, as .pre-commit-config.yaml does)
lint: setup ## run ruff, mypy, yamllint and ansible-lint; check links, references and changelog fragments
	@$(CHECKS) $(if $(ONLY),"$(ONLY)",lint)

sanity: setup ## run ansible-test sanity
	@$(CHECKS) sanity

docs: setup ## build the documentation as a site, in .cache/docs/html
	@"$(PROGRAMS)/python" tests/docs build

# COUNTS="20 500 2000 10000"  PEERS="istio_exposures helm"  REPETITIONS=3  ADD=1 (to rows of other counts)  DOCS=1 (write docs/)
bench: tools ## measure istio_exposures beside other tools, for 20 and 500 exposures (half an hour); COUNTS="..." for more
	@"$(PROGRAMS)/python" tests/bench $(if $(COUNTS),--counts $(COUNTS)) $(if $(PEERS),--peers $(PEERS)) \
		$(if $(REPETITIONS),--repetitions $(REPETITIONS)) $(if $(ADD),--add) $(if $(DOCS),--docs)

# COUNT=20000 (scenarios)  SEED=7 (the same ones again)  NUMBER=12 (only this one)
oracle: tools ## compare our findings with what istiod makes of 20000 generated clusters (an hour)
	@"$(PROGRAMS)/python" tests/oracle $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(NUMBER),--number $(NUMBER))

format: setup ## format the Python code
	@ruff format . && ruff check --fix .

screenshot: setup ## make the picture of the report in docs/ anew
	@"$(PROGRAMS)/python" tests/report

build: setup ## build the collection's archive
	@ansible-galaxy collection build --force --output-path "$(GATEHOUSE_CACHE)"

changelog: setup ## fold changelogs/fragments/ into the changelog of the version that galaxy.yml names
	@antsibull-changelog release --update-existing --reload-plugins

requirements: ## pin the newest Python packages that requirements-dev.in allows
	@tests/setup/pin.sh

clean: ## stop the clusters and remove all that was made (the programs take 15 minutes to build again)
	@$(SET_UP) && $(CLUSTER) stop
	@for left in "$(GATEHOUSE_CACHE)"/bench/cluster "$(GATEHOUSE_CACHE)"/clusters/molecule-*; do [ ! -d "$$left" ] || $(CLUSTER) stop --delete --dir "$$left"; done
	@for left in "$(GATEHOUSE_CACHE)"/kind/clusters/*; do [ ! -d "$$left" ] || $(CLUSTER)/kind stop --dir "$$left"; done
	@cd "$(GATEHOUSE_CACHE)" && rm -rf bench cluster clusters collections docs kind mypy pytest ruff sanity scenarios tools venv gatehouse-istio-*.tar.gz
