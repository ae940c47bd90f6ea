#!/usr/bin/env bash
# Apache Beam 2.77.0: `DaskRunner` computes the last branch of a pipeline alone. Of two files that a pipeline writes from
# one collection only the second one comes to be, and the run ends as done. The local runner writes both. Whatever a
# pipeline counts or logs beside its main output is lost without a word.
#
# Seen on Linux x86-64 with Python 3.11, apache-beam 2.77.0 and dask 2026.7:
#   DirectRunner: first second; DaskRunner: second; both DONE
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apache-beam[dask]==2.77.0"
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
import tempfile
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions


def note(number, path):
    Path(path).touch()
    return number


def made(runner):
    folder = Path(tempfile.mkdtemp())
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner", runner]))
    numbers = pipeline | beam.Create([1])
    for name in ("first", "second"):
        _ = numbers | name >> beam.Map(note, str(folder / name))
    state = pipeline.run().wait_until_finish()
    return sorted(path.name for path in folder.iterdir()), state


if __name__ == "__main__":
    runners = ["DirectRunner", "apache_beam.runners.dask.dask_runner.DaskRunner"]
    found = [made(runner) for runner in runners]
    print(found)
    sys.exit(0 if [names for names, _ in found] == [["first", "second"], ["second"]] else 1)
PYTHON
