"""What of a task's options is searched; loads neither TFX nor TensorFlow."""

from typing import Literal, NamedTuple

from tfx_pipeline.summary.study import Value

Method = Literal["bayesian", "hyperband"]
METHODS: dict[str, Method] = {"bayesian": "bayesian", "hyperband": "hyperband"}


class TunedOption(NamedTuple):
    """An option and the values that are tried: those of a range, or some of them.

    Attributes:
        key: Its path below `tasks.NAME`, such as `training.learning_rate`.
        low: The least value of a range.
        high: The largest.
        logarithmic: Whether a range is searched by factors.
        choices: The values; a range where there are none.
    """

    key: str
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    choices: tuple[Value, ...] = ()
