#!/usr/bin/env bash
# pyarrow 18.1.0: `pyarrow.compute.strptime` checks a day against 31 alone, not against its month. A day that the month
# lacks becomes a day of the next month: text of 31.02.2026 is read as 2026-03-03, without an error and, with
# `error_is_null=True`, without a null. Python's `datetime.strptime` and pandas refuse the same text, and so does
# pyarrow's own cast of ISO 8601 text. A column in which a day and a month were typed wrongly therefore comes out whole.
#
# Seen on Linux x86-64 with Python 3.11, pyarrow 18.1.0 and numpy 2.4.6:
#   strptime 2026-03-03 00:00:00, with error_is_null 0 nulls; datetime ValueError; cast ArrowInvalid
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==18.1.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

texts = pa.array(["28.02.2026", "31.02.2026"])
read = pc.strptime(texts, format="%d.%m.%Y", unit="s")
nulls = pc.strptime(texts, format="%d.%m.%Y", unit="s", error_is_null=True).null_count
try:
    datetime.strptime("31.02.2026", "%d.%m.%Y")
    by_python = "a date"
except ValueError as error:
    by_python = type(error).__name__
try:
    pa.array(["2026-02-31"]).cast(pa.timestamp("s"))
    by_cast = "a date"
except pa.ArrowInvalid as error:
    by_cast = type(error).__name__
print(f"strptime {read[1]}, with error_is_null {nulls} nulls; datetime {by_python}; cast {by_cast}")
same = read[1].as_py() == datetime(2026, 3, 3) and nulls == 0
sys.exit(0 if same and (by_python, by_cast) == ("ValueError", "ArrowInvalid") else 1)
PYTHON
