"""What the configuration says of the task demand."""

from components.demand.judging.options import DemandGateOptions
from components.demand.planning.options import StockOptions
from components.demand.series.options import DemandDataOptions
from trainer.demand.options import DemandNetworkOptions, DemandTrainingOptions


class DemandConfig(DemandDataOptions):
    """The task `demand`: what weekly series are made of, and what follows.

    Attributes:
        network: The network that all series share.
        training: How it is trained.
        gate: What a model must reach to be blessed.
        stock: How much is ordered, and what is said of the stock.
    """

    network: DemandNetworkOptions = DemandNetworkOptions()
    training: DemandTrainingOptions = DemandTrainingOptions()
    gate: DemandGateOptions = DemandGateOptions()
    stock: StockOptions = StockOptions()
