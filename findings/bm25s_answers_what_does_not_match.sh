#!/usr/bin/env bash
# bm25s 0.3.16: a query that fewer than k documents match, or none, gets k of them all the same. The places that are left
# hold the last documents of the collection, at score 0. A shop that shows what comes back shows a spoon for a sofa, and
# a measure that looks at ranks alone, such as recall at 10, counts what happens to stand there as found.
#
# Seen on Linux x86-64 with Python 3.11, bm25s 0.3.16 and numpy 2.4.6 (documents of the first three places, scores):
#   lamp [0, 5, 4] [0.62, 0.0, 0.0], sofa [5, 4, 3] [0.0, 0.0, 0.0]
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bm25s==0.3.16 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import bm25s

TEXTS = ["desk lamp", "green tea", "red tea", "oak table", "glass jar", "steel spoon"]
index = bm25s.BM25()
index.index(bm25s.tokenize(TEXTS, show_progress=False), show_progress=False)


def answer(query):
    documents, scores = index.retrieve(bm25s.tokenize([query], show_progress=False), k=3, show_progress=False)
    return documents[0].tolist(), [round(score, 2) for score in scores[0].tolist()]


found = {query: answer(query) for query in ("lamp", "sofa")}
print(", ".join(f"{query} {documents} {scores}" for query, (documents, scores) in found.items()))
one, none = found["lamp"], found["sofa"]
filled = one[0] == [0, 5, 4] and none[0] == [5, 4, 3]
sys.exit(0 if filled and one[1][0] > 0.0 and [*one[1][1:], *none[1]] == [0.0] * 5 else 1)
PYTHON
