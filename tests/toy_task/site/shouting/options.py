"""What the configuration says of the task."""

from components.classification.judging.gate_options import ClassificationGateOptions
from trainer.options import Options


class ShoutingConfig(Options):
    """The task `shouting`.

    Attributes:
        most_capitals: Share of capital letters up to which a text is calm whatever was learned.
        gate: What a model must reach to be blessed.
    """

    most_capitals: float = 0.2
    gate: ClassificationGateOptions = ClassificationGateOptions()
