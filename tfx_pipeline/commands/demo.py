"""`shelfwise demo`: the whole way on Complete Journey, from a PyPI package to an answer over gRPC."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from tfx_pipeline.commands.demo_reviews import prepare_reviews
from tfx_pipeline.config.config import load_config
from tfx_pipeline.config.tasks import TASK_NAMES
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.running.summary_table import print_summary
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

_EXAMPLE_USER = "1"
_EXAMPLE_QUERIES = ("organic baby food", "sugar free chocolate", "chese crackers")
_EXAMPLE_REVIEW = "It broke after a week, and nobody answers my mails."
_REVIEWS_TASK = "classification"


def run_demo(root: Path) -> bool:
    """Prepares, trains, pushes, serves and asks once.

    Args:
        root: Folder for data, configuration and everything the run makes.

    Returns:
        Whether the model was blessed.
    """
    console.print("preparing the tables of Complete Journey …")
    prepare_dataset("complete_journey", root / "data", source=None, sample=1.0)
    config_file = root / "demo.yaml"
    shutil.copyfile(str(files("tfx_pipeline.config") / "demo.yaml"), config_file)
    console.print("preparing reviews …")
    missing = prepare_reviews(root / "reviews")
    if missing is None:
        config = load_config(config_file)
    else:
        console.print(f"the demo goes without its classifier of reviews: {missing}")
        config = load_config(config_file, ["tables.texts=null"], [name for name in TASK_NAMES if name != _REVIEWS_TASK])
    summary = run_pipeline(config, root)
    blessed = all(task["blessed"] for task in summary["tasks"].values())
    if blessed:
        _ask(root)
    print_summary(summary, root)
    return blessed


def _ask(root: Path) -> None:
    """Starts a server and asks each model."""
    from serving.client import Shelfwise
    from serving.server.background import server_process

    with server_process("--models", str(root / "serving")) as server, Shelfwise(server.grpc) as client:
        console.print(f"\nserver at {server.grpc}")
        _ask_recommendation(client, root)
        _ask_together(client, root)
        for query in _EXAMPLE_QUERIES:
            _ask_search(client, query)
        _ask_segmentation(client, root)
        if (root / "serving" / _REVIEWS_TASK).exists():
            _ask_classification(client)
    console.print("server stopped")


def _ask_recommendation(client: "Shelfwise", root: Path) -> None:
    from tfx_pipeline.tasks.recommendation.product_commands import print_answers, print_as_of
    from tfx_pipeline.terminal.user_history import read_user_history

    history = read_user_history(str(root / "data" / "events.parquet"), _EXAMPLE_USER)
    console.print(f"\nhousehold {_EXAMPLE_USER}, products it has not bought before")
    print_as_of(history)
    answer = client.recommend(
        history.product_ids,
        history_types=history.event_types,
        history_age_seconds=history.age_seconds,
        k=30,
        include_bought=False,
    )
    print_answers(answer, k=5, as_json=False)


def _ask_together(client: "Shelfwise", root: Path) -> None:
    from tfx_pipeline.tasks.recommendation.product_commands import print_together
    from tfx_pipeline.tasks.recommendation.rules_command import print_rules, read_rules

    console.print("\ncategories that are bought together")
    print_rules(read_rules(root, "category"), k=5)
    strongest = read_rules(root, "product").slice(0, 1).to_pylist()
    for rule in strongest:
        console.print(f"\nbought together with {' + '.join(rule['antecedent_titles'])}")
        print_together(client.bought_together(rule["antecedent"], k=5))


def _ask_search(client: "Shelfwise", query: str) -> None:
    from tfx_pipeline.tasks.search.search_command import one_a_title, print_clusters

    console.print(f'\nsearch "{query}"')
    print_clusters(one_a_title(client.search(query, k=30))[:5])


def _ask_segmentation(client: "Shelfwise", root: Path) -> None:
    from tfx_pipeline.tasks.recommendation.product_commands import print_as_of
    from tfx_pipeline.tasks.segmentation.segment_command import print_reasons, print_segments
    from tfx_pipeline.tasks.segmentation.segment_products import recommend_to
    from tfx_pipeline.terminal.user_history import read_user_history

    history = read_user_history(str(root / "data" / "events.parquet"), _EXAMPLE_USER)
    arguments = (history.product_ids, history.event_types, history.age_seconds)
    console.print(f"\nhousehold {_EXAMPLE_USER}, what it will spend in the next 8 weeks")
    print_as_of(history)
    answer = client.segment(*arguments)
    print_segments(answer)
    print_reasons(answer, client.explain_segment(*arguments))
    segment = answer.segments[0].label
    console.print(f"\nproducts to offer the segment {segment}")
    recommend_to(segment, root, k=5, as_json=False)


def _ask_classification(client: "Shelfwise") -> None:
    console.print(f'\nreview "{_EXAMPLE_REVIEW}"')
    for answer in client.classify(_EXAMPLE_REVIEW):
        console.print(f"{answer.probability:.4f}  {answer.label}")
