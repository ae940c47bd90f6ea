#!/usr/bin/env bash
# statsforecast 2.1.1: the dates of future covariates (`X_df` of `forecast`) are compared with nothing. They put the rows
# of a series in order, and then the first row is taken for the first step after the series' end, whatever its date.
# Covariates of another year give the forecast that the right ones give, and a calendar of promotions that begins a week
# late moves each promotion a week ahead. Only the number of rows is checked.
#
# Seen on Linux x86-64 with Python 3.11, statsforecast 2.1.1, pandas 2.3.3 and numpy 2.4.6 (a promotion in the second of
# four weeks, units a week):
#   right dates 10.7 30.6 10.5 10.5, ten years later 10.7 30.6 10.5 10.5, one week late 30.7 10.5 10.5 10.5
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsforecast==2.1.1 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import ARIMA

WEEKS, HORIZON = 80, 4
random = np.random.default_rng(0)
promoted = np.concatenate([random.random(WEEKS) < 0.3, [False, True, False, False, False]]).astype(float)
dates = pd.date_range("2024-01-07", periods=len(promoted), freq="W")
table = pd.DataFrame({"unique_id": "a", "ds": dates, "promoted": promoted})
sold = table[:WEEKS].assign(y=10.0 + 20.0 * promoted[:WEEKS] + random.random(WEEKS))


def forecast(future):
    model = StatsForecast(models=[ARIMA(order=(1, 0, 0))], freq="W")
    return model.forecast(df=sold, h=HORIZON, X_df=future)["ARIMA"].to_numpy()


future = table[WEEKS : WEEKS + HORIZON]
found = {
    "right dates": forecast(future),
    "ten years later": forecast(future.assign(ds=future["ds"] + pd.DateOffset(years=10))),
    "one week late": forecast(table[WEEKS + 1 :]),
}
print(", ".join(f"{name} " + " ".join(f"{units:.1f}" for units in each) for name, each in found.items()))
right, later, late = found.values()
sys.exit(0 if np.array_equal(right, later) and late[0] - right[0] > 15.0 else 1)
PYTHON
