"""The task, as the pipeline sees it: an entry point of the group `shelfwise.tasks` names it."""

from shouting.options import ShoutingConfig
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.tasks.label_task import LabelTask


class ShoutingTask(LabelTask[ShoutingConfig]):
    """Tells texts that shout from calm ones."""

    name = "shouting"
    options_class = ShoutingConfig
    checks_fn = "shouting.checks.failed_checks"
    counted = "texts"
    sliced_table = "texts"

    def check(self, shop: ShopOptions, options: ShoutingConfig) -> None:
        shop.needs_table("texts", "the task shouting learns from labelled texts")

    def training_nodes(self, parts, options):
        from shouting.nodes import training_nodes

        return training_nodes(self, parts, options)

    def judging_nodes(self, parts, options, trained, models):
        from shouting.nodes import judging_nodes

        return judging_nodes(self, parts, options, trained)

    def outcome_lines(self, summary):
        return [f"{summary.counts['texts']:,} texts were told apart by their capital letters"]


TASK = ShoutingTask()
