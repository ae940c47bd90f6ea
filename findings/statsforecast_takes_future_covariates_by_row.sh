#!/usr/bin/env bash
# statsforecast 2.1.1: the dates of future covariates (`X_df` of `forecast`) are not looked at. Rows are taken for the
# steps of the horizon as they come. A calendar of promotions that starts a week late, or a table of another year, gives
# the very same forecast without a word. Dates are compared with nothing; only the number of rows is.
#
# Seen on Linux x86-64 with Python 3.11 and statsforecast 2.1.1:
#   right dates and dates ten years later forecast the same
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check statsforecast==2.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import ARIMA

WEEKS, HORIZON = 80, 4
random = np.random.default_rng(0)
promoted = (random.random(WEEKS + HORIZON) < 0.3).astype(float)
dates = pd.date_range("2024-01-07", periods=WEEKS + HORIZON, freq="W")
table = pd.DataFrame({"unique_id": "a", "ds": dates, "y": 10 + 20 * promoted + random.random(WEEKS + HORIZON)})
table["promoted"] = promoted


def forecast(future):
    model = StatsForecast(models=[ARIMA(order=(1, 0, 0))], freq="W")
    return model.forecast(df=table[:WEEKS], h=HORIZON, X_df=future)["ARIMA"].to_numpy()


future = table[WEEKS:].drop(columns="y")
late = future.assign(ds=future["ds"] + pd.DateOffset(years=10))
right, wrong, turned = forecast(future), forecast(late), forecast(future[::-1])
print(right, wrong, turned)
PYTHON
