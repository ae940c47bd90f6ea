"""Which tasks a shop's tables allow, with the options that their counts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.graph.time_units import DAY_SECONDS
from tfx_pipeline.init.proposal import Proposal, ProposedSource
from tfx_pipeline.init.values.outcomes import outcome_names
from tfx_pipeline.tasks.demand.config import DemandConfig
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from tfx_pipeline.tasks.response.config import ResponseConfig
from tfx_pipeline.tasks.segmentation.config import SegmentationConfig

# Fewer are no catalogue to search, and no users to learn from or to judge on.
_FEWEST_TITLES = 50
_FEWEST_USERS = 20
_FEWEST_SEGMENTED_USERS = 300
_FEWEST_TEXTS = 200
_FEWEST_QUESTIONS = 50
# Half a year to look back on.
_FEWEST_WEEKS = 26
_FEWEST_IMPRESSIONS = 500
# Products seldom seen teach little where there are many others; a shop with few events needs each.
_EVENTS_PER_PRODUCT = 20
_MANY_PRODUCTS = 1_000
_USUAL_PRODUCT_EVENTS = 5


@dataclass(frozen=True, kw_only=True)
class TaskGuess:
    """What a task is given.

    Attributes:
        options: Its options, None if it cannot run.
        why: Why it is proposed or not, or what its options come from; a sentence.
        proposed: Whether it runs; one that could but is not proposed is written as a comment.
    """

    options: Mapping[str, Any] | None
    why: str
    proposed: bool = True

    @property
    def runs(self) -> bool:
        """Whether the configuration has it."""
        return self.proposed and self.options is not None


def guess_tasks(proposal: Proposal, *, has_titles: bool) -> dict[str, TaskGuess]:
    """Returns what each task is given.

    Args:
        proposal: The tables.
        has_titles: Whether products with titles are among them, so that texts are on.
    """
    return {
        "recommendation": _recommendation(proposal),
        "search": _search(proposal, has_titles),
        "segmentation": _segmentation(proposal, has_titles),
        "classification": _classification(proposal),
        "response": _response(proposal),
        "demand": _demand(proposal),
        "support": _support(proposal),
        # Nobody can tell from the tables which language model is to be had.
        "writing": TaskGuess(options=None, why="Writing needs a language model: docs/tasks/writing.md says which."),
    }


def _recommendation(proposal: Proposal) -> TaskGuess:
    events = proposal.of_table("events")
    if not events:
        return TaskGuess(options=None, why="Recommendation needs events: who did what with which product.")
    users = _users(events)
    if users < _FEWEST_USERS:
        return TaskGuess(options=None, why=f"Recommendation needs more than the {users} users of these events.")
    options: dict[str, Any] = {}
    if not any(source.column("timestamp") for source in events):
        options["split"] = {"method": "leave_last_out"}
    options.update(_event_types(proposal, RecommendationConfig()))
    products, rows = _products(events), sum(source.sample.rows.num_rows for source in events)
    if products > _MANY_PRODUCTS and rows >= _EVENTS_PER_PRODUCT * products:
        options["min_product_events"] = _USUAL_PRODUCT_EVENTS
    return TaskGuess(options=options, why=f"What users want next: {rows:,} events of {users:,} users were looked at.")


def _event_types(proposal: Proposal, defaults: RecommendationConfig) -> dict[str, Any]:
    types = dict(proposal.event_types)
    options: dict[str, Any] = {}
    known = {name: defaults.event_types.get(name) for name in types}
    if known != types:
        options["event_types"] = types
    if proposal.bought_event_type != defaults.bought_event_type:
        options["bought_event_type"] = proposal.bought_event_type
    return options


def _search(proposal: Proposal, has_titles: bool) -> TaskGuess:
    if not has_titles or not proposal.titles:
        return TaskGuess(options=None, why="Search needs products with titles.")
    titles = _different(proposal.of_table("products"), "title")
    if titles < _FEWEST_TITLES:
        return TaskGuess(options=None, why=f"Search needs more than {titles} products with titles of their own.")
    return TaskGuess(options={}, why=f"Products by what people type: {titles:,} titles were looked at.")


def _segmentation(proposal: Proposal, has_titles: bool) -> TaskGuess:
    events = proposal.of_table("events")
    priced = proposal.has("events", "timestamp") and all(
        source.column("price") or source.column("amount") for source in events
    )
    if not has_titles or not priced:
        return TaskGuess(options=None, why="Segmentation needs events with times and prices, and products with titles.")
    segments = SegmentationConfig().segments
    # A training period that ends before the test period, and histories before it.
    needed = 2 * segments.period_days + segments.active_days
    times = [source.time for source in events if source.time is not None]
    days = (max(time.last for time in times) - min(time.first for time in times)) / DAY_SECONDS
    users = _users(events)
    if days < needed or users < _FEWEST_SEGMENTED_USERS:
        enough = f"{needed:.0f} days of {_FEWEST_SEGMENTED_USERS} users"
        return TaskGuess(options=None, why=f"Segmentation needs {enough}; these are {days:.0f} of {users:,}.")
    options: dict[str, Any] = {}
    bought = proposal.bought_event_type
    if not set(proposal.event_types) <= set(SegmentationConfig().event_types):
        options["event_types"] = list(proposal.event_types)
    if bought != SegmentationConfig().bought_event_type:
        options["bought_event_type"] = bought
    why = f"What users will spend: {days:.0f} days of {users:,} users were looked at."
    # Gradient boosting, which it must not fall behind, is hard to match: a first run should not end there.
    return TaskGuess(options=options, why=why, proposed=False)


def _classification(proposal: Proposal) -> TaskGuess:
    texts = proposal.of_table("texts")
    if not texts:
        return TaskGuess(options=None, why="Classification needs texts with labels.")
    rows = sum(source.sample.rows.num_rows for source in texts)
    if rows < _FEWEST_TEXTS:
        return TaskGuess(options=None, why=f"Classification needs more than {rows} texts.")
    return TaskGuess(options={}, why=f"The label of a text: {rows:,} texts were looked at.")


def _response(proposal: Proposal) -> TaskGuess:
    impressions = proposal.of_table("impressions")
    if not impressions:
        return TaskGuess(options=None, why="Response needs impressions: what was shown to whom, and what came of it.")
    outcomes = outcome_names(impressions[0].sample)
    offered = impressions[0].column("offer_id") is not None
    if offered and not proposal.of_table("offers"):
        return TaskGuess(options=None, why="Response needs a table of the offers that the impressions name.")
    rows = sum(source.sample.rows.num_rows for source in impressions)
    if rows < _FEWEST_IMPRESSIONS:
        return TaskGuess(options=None, why=f"Response needs more than the {rows} impressions that there are.")
    defaults = ResponseConfig()
    options: dict[str, Any] = {} if tuple(outcomes) == defaults.outcomes else {"outcomes": outcomes}
    if proposal.has("impressions", "campaign_id") and _different(impressions, "campaign_id") == 1:
        options["split"] = {"method": "random"}
    types = list(proposal.event_types)
    if types and not set(types) <= set(defaults.event_types):
        options["event_types"] = types
    if proposal.bought_event_type != defaults.bought_event_type:
        options["bought_event_type"] = proposal.bought_event_type
    return TaskGuess(options=options, why=f"Who responds to what is shown: {rows:,} impressions were looked at.")


def _demand(proposal: Proposal) -> TaskGuess:
    events = proposal.of_table("events")
    defaults = DemandConfig()
    needed = _FEWEST_WEEKS + defaults.horizon + defaults.test_weeks
    times = [source.time for source in events if source.time is not None]
    if not proposal.has("events", "timestamp") or not times:
        return TaskGuess(options=None, why="Demand needs events with times.")
    weeks = (max(time.last for time in times) - min(time.first for time in times)) / (7 * DAY_SECONDS)
    if weeks < needed:
        return TaskGuess(options=None, why=f"Demand needs {needed} weeks of events; these are {weeks:.0f}.")
    bought = proposal.bought_event_type
    options = {} if bought == defaults.bought_event_type else {"bought_event_type": bought}
    beside = [table for table in ("promotions", "stock") if proposal.of_table(table)]
    if beside:
        why = f"What will sell, and what to order: {weeks:.0f} weeks and {' and '.join(beside)} were looked at."
        return TaskGuess(options=options, why=why)
    # Who has neither wants no orders, and promotions make it much better.
    why = f"What will sell: {weeks:.0f} weeks were looked at. Tables of promotions and stock would make it better."
    return TaskGuess(options=options, why=why, proposed=False)


def _support(proposal: Proposal) -> TaskGuess:
    answers = proposal.of_table("answers")
    if not answers:
        return TaskGuess(options=None, why="Support needs answers: what the shop says to questions.")
    questions = _different(answers, "question")
    if questions < _FEWEST_QUESTIONS:
        return TaskGuess(
            options={},
            why=f"Answers to customers' questions; {questions} questions are few to judge by.",
            proposed=False,
        )
    return TaskGuess(options={}, why=f"Answers to customers' questions: {questions:,} questions were looked at.")


def _users(events: list[ProposedSource]) -> int:
    return _different(events, "user_id")


def _products(events: list[ProposedSource]) -> int:
    return _different(events, "product_id")


def _different(sources: list[ProposedSource], name: str) -> int:
    """Returns how many values that differ the source with the most has."""
    columns = [column for source in sources if (column := source.column(name)) is not None]
    return max((column.sample.different(column.theirs) for column in columns), default=0)
