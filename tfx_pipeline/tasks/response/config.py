"""What the configuration says of the task response."""

from pydantic import Field

from components.response.examples.options import ResponseDataOptions
from components.response.judging.gate_options import ResponseGateOptions
from trainer.response.options import ResponseNetworkOptions, ResponseTrainingOptions, UpliftOptions


class ResponseConfig(ResponseDataOptions):
    """The task `response`: what was shown, what is known of it, and what follows.

    Attributes:
        network: What stands between the features and the probabilities.
        training: How it is trained.
        uplift: How what a treatment adds is learned, where `impressions` has treatments; null leaves it out.
        offers_per_request: Offers that a row of a request may name.
        max_k: Offers that `rank_offers` answers at the most.
        gate: What a model must reach to be blessed.
    """

    network: ResponseNetworkOptions = ResponseNetworkOptions()
    training: ResponseTrainingOptions = ResponseTrainingOptions()
    uplift: UpliftOptions | None = UpliftOptions()
    offers_per_request: int = Field(default=16, ge=1, le=1000)
    max_k: int = Field(default=20, ge=1, le=1000)
    gate: ResponseGateOptions = ResponseGateOptions()
