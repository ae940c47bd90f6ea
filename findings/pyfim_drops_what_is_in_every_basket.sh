#!/usr/bin/env bash
# pyfim 6.28 (Christian Borgelt's FIM): items that are in every basket are found only while some other item is not. Where
# all items of a table are in all baskets, each of `fpgrowth`, `eclat` and `apriori` finds nothing at all, for whatever
# support; one basket more without them, and the same itemsets are there with the same counts. A comparison with it on
# small or well-sold tables says that the other library makes itemsets up.
#
# Seen on Linux x86-64 with Python 3.11 and pyfim 6.28 (compiled by GCC 12):
#   [a b] three times: fpgrowth 0, eclat 0, apriori 0; with a fourth basket [c]: fpgrowth 3, eclat 3, apriori 3
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfim==6.28
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import fim


def itemsets(baskets):
    methods = (fim.fpgrowth, fim.eclat, fim.apriori)
    return {method.__name__: len(method(baskets, target="s", supp=-2, zmin=1)) for method in methods}


same = [["a", "b"]] * 3
alone, beside = itemsets(same), itemsets([*same, ["c"]])
text = [", ".join(f"{name} {count}" for name, count in found.items()) for found in (alone, beside)]
print(f"[a b] three times: {text[0]}; with a fourth basket [c]: {text[1]}")
sys.exit(0 if set(alone.values()) == {0} and set(beside.values()) == {3} else 1)
PYTHON
