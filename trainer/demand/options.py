"""Options of training demand; plain models that the configuration can import without TFX."""

from pydantic import Field

from trainer.options import HardwareOptions, Options

# The quantiles that a model answers.
QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEDIAN, UPPER = QUANTILES.index(0.5), QUANTILES.index(0.9)


class DemandNetworkOptions(Options):
    """The network that all series share.

    Attributes:
        width: Width of its layers.
        layers: Layers.
        lift_width: Width of the layer that tells what promotions and prices multiply units by.
        id_width: Width of what is learned of each product by its id.
        text_width: Directions of the text vectors that are kept.
        dropout: Dropout rate.
        members: Networks whose quantiles are averaged.
    """

    width: int = Field(default=128, ge=4)
    layers: int = Field(default=2, ge=1, le=8)
    lift_width: int = Field(default=24, ge=1)
    id_width: int = Field(default=8, ge=1)
    text_width: int = Field(default=16, ge=1)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    members: int = Field(default=3, ge=1, le=10)


class DemandTrainingOptions(HardwareOptions):
    """How the network is trained.

    Attributes:
        epochs: Passes over the windows.
        least_steps: Steps at the least; of few windows there are more passes.
        batch_size: Windows of a step.
        learning_rate: Peak of the learning rate.
        weight_decay: Decoupled weight decay.
        max_windows: Windows of an epoch at the most; of more, each epoch draws others.
        volume_weight: How much more a series that sells much weighs: its loss, as a share of its level, times its level
            to this power. 1 weighs each unit alike, as WAPE does; 0 weighs each series alike.
        unknown_products: Share of the windows that are learned as if the product's id were unknown.
        without_history: Share of the windows that are learned as if the product were new.
    """

    epochs: int = Field(default=2, ge=1)
    least_steps: int = Field(default=100, ge=0)
    batch_size: int = Field(default=512, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    weight_decay: float = Field(default=1e-3, ge=0.0)
    max_windows: int = Field(default=400_000, ge=1)
    volume_weight: float = Field(default=0.75, ge=0.0, le=1.0)
    unknown_products: float = Field(default=0.3, ge=0.0, le=1.0)
    without_history: float = Field(default=0.02, ge=0.0, le=1.0)


class DemandOptions(Options):
    """Everything that training demand reads.

    Attributes:
        horizon: Weeks that are answered.
        history_weeks: Weeks before them that are read.
        network: The network.
        training: How it is trained.
    """

    horizon: int = Field(default=4, ge=1, le=26)
    history_weeks: int = Field(default=52, ge=2, le=156)
    network: DemandNetworkOptions = DemandNetworkOptions()
    training: DemandTrainingOptions = DemandTrainingOptions()
