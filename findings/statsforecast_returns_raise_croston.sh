#!/usr/bin/env bash
# statsforecast 2.1.1: Croston's methods take a week of returns for a week of demand. They look for the weeks whose units
# are not 0, so a negative number ends an interval as a sale does: intervals get shorter, and the forecast divides by
# them. A shop whose customers send goods back is told that it will sell more, not less: with three returns of 4 units
# among four sales of 4, the forecast rises from 1.33 to 1.75 units a week, and to 2.50 with the optimized method, where
# the net units fall to a quarter. TSB rises as well; ADIDA and IMAPA, of the same module, fall.
#
# Seen on Linux x86-64 with Python 3.11, statsforecast 2.1.1 and numpy 2.4.6 (units without returns, with them):
#   CrostonClassic 1.333 1.751, CrostonOptimized 1.333 2.502, CrostonSBA 1.267 1.663, TSB 0.858 1.517, ADIDA 1.333 0.134
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsforecast==2.1.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from statsforecast.models import ADIDA, TSB, CrostonClassic, CrostonOptimized, CrostonSBA

sold = np.array([0, 0, 4, 0, 0, 4, 0, 0, 4, 0, 0, 4, 0, 0], float)
returned = sold.copy()
returned[[4, 7, 10]] = -4.0
models = [CrostonClassic(), CrostonOptimized(), CrostonSBA(), TSB(0.1, 0.1), ADIDA()]
found = {type(m).__name__: [float(m.forecast(y, 1)["mean"][0]) for y in (sold, returned)] for m in models}
print(", ".join(f"{name} {before:.3f} {after:.3f}" for name, (before, after) in found.items()))
rises = [name for name, (before, after) in found.items() if after > before]
sys.exit(0 if rises == ["CrostonClassic", "CrostonOptimized", "CrostonSBA", "TSB"] else 1)
PYTHON
