#!/usr/bin/env bash
# fairlearn 0.15.0: a group in which nobody is positive has a true-positive rate of 0, and not of "undefined". The
# difference in equal opportunity of a model that makes no mistake at all is then 1.0, the worst there is, and so is
# the difference in equalized odds, without a warning. A gate on it refuses the best model as soon as one slice of the
# shop is small enough to have no positive.
#
# Seen on Linux x86-64 with Python 3.11, fairlearn 0.15.0, scikit-learn 1.9.1 and pandas 3.1.1:
#   a perfect model: rates {'a': 1.0, 'b': 0.0}, equal opportunity 1.0, equalized odds 1.0, warnings 0
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fairlearn==0.15.0 scikit-learn==1.9.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    equal_opportunity_difference,
    equalized_odds_difference,
    true_positive_rate,
)

labels = np.array([1, 0, 1, 0, 0, 0])
groups = np.array(["a", "a", "a", "a", "b", "b"])
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    asked = {"y_true": labels, "y_pred": labels, "sensitive_features": groups}
    rates = MetricFrame(metrics=true_positive_rate, **asked).by_group.to_dict()
    opportunity = float(equal_opportunity_difference(**asked))
    odds = float(equalized_odds_difference(**asked))
print(f"a perfect model: rates {rates}, equal opportunity {opportunity}, equalized odds {odds}, warnings {len(seen)}")
sys.exit(0 if (rates["b"], opportunity, odds, len(seen)) == (0.0, 1.0, 1.0, 0) else 1)
PYTHON
