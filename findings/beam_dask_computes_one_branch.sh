#!/usr/bin/env bash
# Apache Beam 2.77.0: `DaskRunner` computes the last branch of a pipeline alone. Of two steps that each make a file from
# one collection the first is never run, and the pipeline ends as done. The local runner runs both. Whatever a pipeline
# counts or writes beside its main output is lost without a word.
#
# Seen on Linux x86-64 with Python 3.11, apache-beam 2.77.0 and dask 2026.8.0:
#   DirectRunner: first second, DONE; DaskRunner: second, DONE
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "apache-beam[dask]==2.77.0" dask==2026.8.0 distributed==2026.8.0
# Dask's workers read the program again, from a file.
cat > "$folder/two_branches.py" <<'PYTHON'
import sys
import tempfile
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions


def make_file(number, path):
    Path(path).touch()
    return number


def made(runner):
    folder = Path(tempfile.mkdtemp())
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner", runner]))
    numbers = pipeline | beam.Create([1])
    for name in ("first", "second"):
        _ = numbers | name >> beam.Map(make_file, str(folder / name))
    state = pipeline.run().wait_until_finish()
    return [*sorted(path.name for path in folder.iterdir()), state]


if __name__ == "__main__":
    found = {name.rsplit(".")[-1]: made(name) for name in ("DirectRunner", "apache_beam.runners.dask.dask_runner.DaskRunner")}
    print("; ".join(f"{name}: {' '.join(names)}, {state}" for name, (*names, state) in found.items()))
    sys.exit(0 if list(found.values()) == [["first", "second", "DONE"], ["second", "DONE"]] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/two_branches.py" 2> /dev/null
