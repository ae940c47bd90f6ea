"""What ServingValidator asks of a recommendation model names wrong answers."""

from pathlib import Path

from components.checks.common import ServedModel
from components.checks.recommendation import failed_checks
from serving.client import Answer, RecommendationReason, Shelfwise, TogetherAnswer
from tests.components.checks.catalogues import write_catalogue_of


class LyingClient(Shelfwise):
    """Answers the same product for ever."""

    def recommend(self, *arguments: object, **options: object) -> list[Answer]:
        return [Answer("a", float("nan"), ""), Answer("a", 1.0, "")]

    def bought_together(self, *arguments: object, **options: object) -> list[TogetherAnswer]:
        return [TogetherAnswer("a", "", 1.5, 0.0)]

    def explain_recommendation(self, *arguments: object, **options: object) -> list[RecommendationReason]:
        return [RecommendationReason("bought a once", 0.5)]


def test_wrong_answers_are_named(tmp_path: Path) -> None:
    uri = write_catalogue_of(tmp_path, {"a": "A", "b": "B"}, bought_event_type="purchase")
    card = {
        "limits": {"default_k": 2},
        "rules": {"examples": ["a"]},
        "leave_out": {"category": [], "product_id": []},
        "serving": {"collapse": "none"},
    }
    with LyingClient("127.0.0.1:1", retries=False) as client:
        reasons = failed_checks(client, ServedModel(name="recommendation", card=card, catalogue_uri=uri))
    for reason in (
        "answered twice",
        "not finite",
        "excluded product",
        "bought product",
        "k of 0",
        "embed: Server",
        "with itself",
        "lift cannot be right",
        "unknown products got",
        "reasons for a product add up to 0.5",
        "unknown product got reasons",
    ):
        assert any(reason in line for line in reasons), reason
