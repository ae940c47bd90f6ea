"""Options of training the response model; plain models that the configuration can import without TFX."""

from typing import Self

from pydantic import Field, model_validator

from trainer.options import HardwareOptions, Options
from trainer.privacy.options import NetworkPrivacyOptions


class ResponseNetworkOptions(Options):
    """What stands between the features and the probabilities.

    Attributes:
        networks: Networks that learn the same from different beginnings; their mean answers.
        units: Width of the hidden layer beside the crosses; 0 leaves it out.
        cross_layers: Layers of crosses (DCN v2); each multiplies the features once more. 0 leaves them out.
        cross_rank: Rank of the matrices of the crosses.
        pieces: Pieces that each number is cut into at its quantiles, so that the network bends there; 0 for none, which
            is right where there are few impressions.
        embedding: Numbers that stand for a value of a categorical feature.
        item_embedding: Numbers that stand for an offer or product by its id alone; 0 leaves ids out, which is right
            where each offer is shown once.
        vector_units: Numbers that a vector of a text is made into.
        dropout: Share of what the layers put out that is left out of each training step.
    """

    networks: int = Field(default=3, ge=1, le=32)
    units: int = Field(default=32, ge=0)
    cross_layers: int = Field(default=2, ge=0, le=6)
    cross_rank: int = Field(default=8, ge=1)
    pieces: int = Field(default=0, ge=0, le=64)
    embedding: int = Field(default=8, ge=1)
    item_embedding: int = Field(default=8, ge=0)
    vector_units: int = Field(default=8, ge=1)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)


class ResponseTrainingOptions(HardwareOptions):
    """How the response model is trained.

    Attributes:
        batch_size: Impressions of a batch.
        max_epochs: Passes over the impressions at the most.
        patience: Epochs that get no better after which training stops.
        learning_rate: The peak of AdamW's learning rate.
        penalty: Penalty on half the squares of the networks' weights, divided by the number of impressions.
        wide_penalty: The same of the linear part's weights, as 1 / C in logistic regression.
        refit: Whether a second training, as long as the best one, also learns from the last period, which the first
            was validated and calibrated on.
    """

    batch_size: int = Field(default=256, ge=1)
    max_epochs: int = Field(default=30, ge=1)
    patience: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    penalty: float = Field(default=4.0, ge=0.0)
    wide_penalty: float = Field(default=40.0, ge=0.0)
    refit: bool = True


class UpliftOptions(Options):
    """How a model learns what a treatment adds.

    An uplift is learned from differences between people of two groups, so that there is far less to learn from than of
    responses: what stands here keeps the network close to a few effects.

    Attributes:
        control: The value of `treatment` of those who were shown nothing.
        network: What stands between the features and both heads.
        epochs: Passes over the impressions. There is no early stopping, since the uplift of a last period is known
            too badly to choose by.
        least_steps: Steps at least, which makes more passes of few impressions.
        batch_size: Impressions of a batch.
        learning_rate: The peak of AdamW's learning rate.
        penalty: Penalty on half the squares of the networks' weights, divided by the number of impressions.
        wide_penalty: The same of the linear part's weights.
    """

    control: str = "control"
    network: ResponseNetworkOptions = ResponseNetworkOptions(
        networks=8, units=32, cross_layers=0, embedding=4, item_embedding=4, dropout=0.3
    )
    epochs: int = Field(default=3, ge=1)
    least_steps: int = Field(default=200, ge=1)
    batch_size: int = Field(default=256, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0.0)
    penalty: float = Field(default=100.0, ge=0.0)
    wide_penalty: float = Field(default=20.0, ge=0.0)


class ResponseOptions(Options):
    """Everything that training the response model reads.

    Attributes:
        network: What stands between the features and the probabilities.
        training: How it is trained.
        uplift: How what a treatment adds is learned, where impressions name treatments; None leaves it out.
        privacy: How little is learned from any one user; None for a training that is not private.
        offers_per_request: Offers that a row of a request may name.
        max_k: Offers that `rank_offers` answers at the most.
    """

    network: ResponseNetworkOptions = ResponseNetworkOptions()
    training: ResponseTrainingOptions = ResponseTrainingOptions()
    uplift: UpliftOptions | None = UpliftOptions()
    privacy: NetworkPrivacyOptions | None = None
    offers_per_request: int = Field(default=16, ge=1, le=1000)
    max_k: int = Field(default=20, ge=1, le=1000)

    @model_validator(mode="after")
    def _nothing_is_learned_beside_private_steps(self) -> Self:
        check_private(self.privacy, self.training, self.uplift)
        return self


def check_private(
    privacy: NetworkPrivacyOptions | None, training: ResponseTrainingOptions, uplift: UpliftOptions | None
) -> None:
    """Refuses what would learn from users beside the steps that are counted.

    Raises:
        ValueError: Something does.
    """
    if privacy is None:
        return
    if training.refit:
        raise ValueError("`privacy` is given: a second training would tell more; set `training.refit` false")
    if uplift is not None:
        raise ValueError("`privacy` is given: what treatments add is not learned privately; set `uplift` null")
