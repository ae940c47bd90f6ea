"""What the demo asks the recommender."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfx_pipeline.tasks.recommendation.product_commands import print_together
from tfx_pipeline.tasks.recommendation.rules_command import print_rules, read_rules
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.histories import print_as_of, read_history
from tfx_pipeline.terminal.products import print_answers

if TYPE_CHECKING:
    from serving.client import Shelfwise

_USER = "1"


def demonstrate(client: "Shelfwise", root: Path) -> None:
    """Prints what a household may like that it never bought, and what is bought together."""
    history = read_history([], _USER, str(root / "data" / "events.parquet"))
    console.print(f"\nhousehold {_USER}, products it has not bought before")
    print_as_of(history)
    answer = client.recommend(
        history.product_ids,
        history_types=history.event_types,
        history_age_seconds=history.age_seconds,
        k=30,
        include_bought=False,
    )
    print_answers(answer, k=5, as_json=False)
    console.print("\ncategories that are bought together")
    print_rules(read_rules(root, "category"), k=5)
    for rule in read_rules(root, "product").slice(0, 1).to_pylist():
        console.print(f"\nbought together with {' + '.join(rule['antecedent_titles'])}")
        print_together(client.bought_together(rule["antecedent"], k=5))
