"""Options of learning uplift; plain models that the configuration can import without TFX."""

from pydantic import Field

from trainer.options import Options
from trainer.response.options import ResponseNetworkOptions


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
    epochs: int = Field(default=4, ge=1)
    least_steps: int = Field(default=300, ge=1)
    batch_size: int = Field(default=256, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0.0)
    penalty: float = Field(default=100.0, ge=0.0)
    wide_penalty: float = Field(default=20.0, ge=0.0)
