"""What the configuration says of the task response."""

from typing import Self

from pydantic import Field, model_validator

from components.response.examples.options import ResponseDataOptions
from components.response.judging.gate_options import ResponseGateOptions
from trainer.privacy.options import NetworkPrivacyOptions
from trainer.response.options import ResponseNetworkOptions, ResponseTrainingOptions, UpliftOptions, check_private


class ResponseConfig(ResponseDataOptions):
    """The task `response`: what was shown, what is known of it, and what follows.

    Attributes:
        network: What stands between the features and the probabilities.
        training: How it is trained.
        privacy: How little the model may learn from any one user (DP-SGD); left out, nothing is promised. A step draws
            `training.batch_size` users with all that was shown to them, one after the other, so it takes longer. Needs
            `training.refit: false` and `uplift: null`.
        uplift: How what a treatment adds is learned, where `impressions` has treatments; null leaves it out.
        offers_per_request: Offers that a row of a request may name.
        max_k: Offers that `rank_offers` answers at the most.
        gate: What a model must reach to be blessed.
    """

    network: ResponseNetworkOptions = ResponseNetworkOptions()
    training: ResponseTrainingOptions = ResponseTrainingOptions()
    privacy: NetworkPrivacyOptions | None = None
    uplift: UpliftOptions | None = UpliftOptions()
    offers_per_request: int = Field(default=16, ge=1, le=1000)
    max_k: int = Field(default=20, ge=1, le=1000)
    gate: ResponseGateOptions = ResponseGateOptions()

    @model_validator(mode="after")
    def _nothing_is_learned_beside_private_steps(self) -> Self:
        check_private(self.privacy, self.training, self.uplift)
        return self
