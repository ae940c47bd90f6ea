"""What ServingValidator asks of a search model names wrong answers."""

from pathlib import Path

from components.checks.common import ServedModel
from components.checks.search import failed_checks
from serving.client import ExplainedWord, SearchAnswer, Shelfwise
from tests.components.checks.catalogues import write_catalogue_of


class LyingClient(Shelfwise):
    """Answers the same product for ever, with scores that are none."""

    def search(self, query: str, **options: object) -> list[SearchAnswer]:
        return [SearchAnswer("a", float("nan"), "", 1, 0, ""), SearchAnswer("c", 1.0, "", 1, 0, "")]

    def explain_search(self, query: str, product_id: str) -> list[ExplainedWord]:
        return [ExplainedWord("a", float("inf"), 0.0)]


def test_wrong_answers_are_named(tmp_path: Path) -> None:
    # The validator asks with products from all over the catalogue: of the three here, with each of them.
    uri = write_catalogue_of(tmp_path, {"a": "A", "b": "B", "d": "D"})
    model = ServedModel(
        name="search", card={"limits": {"default_k": 2}, "serving": {"collapse": "title"}}, catalogue_uri=uri
    )
    with LyingClient("127.0.0.1:1", retries=False) as client:
        reasons = failed_checks(client, model)
    for reason in (
        "serving_default: Server",
        "filtered: expected 3 products, got 2",
        "filtered: a product was answered that the catalogue lacks",
        "filtered: a score is not finite",
        "filtered: an excluded product was answered",
        "filtered: k of 0 got products",
        "filtered: a category that does not exist got products",
        "explain: a word's part of the score is not finite",
        "embed: Server",
    ):
        assert any(reason in line for line in reasons), reason
