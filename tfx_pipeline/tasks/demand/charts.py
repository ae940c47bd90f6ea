"""The picture of demand: past weeks, and a fan of quantiles over the test weeks."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup

from tfx_pipeline.figures.drawing import COLOURS, STYLE, square_axes, svg_of


def fan_chart(fan: Mapping[str, Any]) -> Markup:
    """Draws the units of past and test weeks, and the quantiles of the test weeks.

    Args:
        fan: `past` and `true`: units a week, None where they are unknown; `quantiles`: nine of each test week.
    """
    past, true = (np.array([np.nan if each is None else each for each in fan[name]]) for name in ("past", "true"))
    quantiles = np.array(fan["quantiles"])
    weeks = np.arange(len(past), len(past) + len(quantiles))
    with mpl.rc_context({**STYLE, "svg.hashsalt": "fan"}):
        axes, figure = square_axes(0.0)
        for low, high in ((0, 8), (1, 7), (2, 6), (3, 5)):
            axes.fill_between(weeks, quantiles[:, low], quantiles[:, high], color=COLOURS[0], alpha=0.15, linewidth=0)
        axes.plot(weeks, quantiles[:, 4], color=COLOURS[0], linewidth=2, label="median")
        units = np.concatenate([past, true])
        axes.plot(np.arange(len(units)), units, color=COLOURS[6], linewidth=1, marker=".", label="sold")
        axes.axvline(len(past) - 0.5, color="0.6", linewidth=1)
        axes.set_xlabel("week")
        axes.set_ylabel("units")
        axes.set_ylim(bottom=0)
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=10)
        return svg_of(figure)
