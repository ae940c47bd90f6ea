"""Real requests to a served model of demand, and what must be true of the answers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from components.checks.common import Check, ServedModel, run_checks
from serving.client import Shelfwise

_UNKNOWN = "no such product, anywhere"


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[Mapping[str, Any]]] = {"serving_default": _check_default}
    return run_checks(checks, client, model.card)


def _check_default(client: Shelfwise, card: Mapping[str, Any]) -> list[str]:
    """Known and unknown products, without history, and with what cannot be."""
    weeks, horizon = card["limits"]["history_weeks"], card["limits"]["horizon"]
    histories = ((), [3.0] * weeks, [0.0] * weeks, [float("nan")] * weeks, [-5.0] * weeks, [1e6], [1e30] * weeks)
    reasons = []
    for product in (*card["products"][:2], _UNKNOWN, ""):
        for history in histories:
            answer = client.demand(product, history)
            found = np.array([week.quantiles for week in answer])
            if found.shape != (horizon, len(card["quantiles"])):
                reasons.append(f"expected {horizon} weeks, got {len(answer)}")
            elif not np.isfinite(found).all() or (found < 0).any():
                reasons.append(f"a quantile after {history!r:.40} is negative or not finite")
            elif (np.diff(found, axis=1) < 0).any():
                reasons.append("quantiles are not in ascending order")
    return sorted(set(reasons))
