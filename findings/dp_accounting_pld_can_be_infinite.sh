#!/usr/bin/env bash
# dp-accounting 0.6.0: the privacy-loss-distribution accountant, which is the tighter one, answers an epsilon of infinity
# where the Renyi accountant answers a number. It cuts its distribution's tails and counts what is cut as a loss without
# bound; a delta below that mass has no finite epsilon, however much noise there is. Neither accountant is always the
# better one: the smaller of the two is what holds.
#
# Seen on Linux x86-64 with Python 3.11 and dp-accounting 0.6.0 (Gaussian noise of 1, one step):
#   delta 1e-05: PLD 4.377, Renyi 4.729; delta 1e-12: PLD 7.239, Renyi 7.515; delta 1e-16: PLD inf, Renyi 8.706
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dp-accounting==0.6.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys

from dp_accounting import dp_event, pld, rdp


def epsilons(delta):
    found = []
    for accountant in (pld.PLDAccountant(), rdp.RdpAccountant()):
        accountant.compose(dp_event.GaussianDpEvent(1.0))
        found.append(float(accountant.get_epsilon(delta)))
    return found


found = {delta: epsilons(delta) for delta in (1e-5, 1e-12, 1e-16)}
print("; ".join(f"delta {delta:g}: PLD {tight:.3f}, Renyi {renyi:.3f}" for delta, (tight, renyi) in found.items()))
tight, renyi = found[1e-5]
sys.exit(0 if tight < renyi and math.isinf(found[1e-16][0]) and math.isfinite(found[1e-16][1]) else 1)
PYTHON
