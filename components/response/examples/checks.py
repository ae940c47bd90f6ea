"""What impressions must hold before anything is learned from them; each fault is one message."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import InputError
from components.response.examples.items import OFFER_ID, PRODUCT_ID
from components.response.examples.options import ResponseExamplesOptions
from components.tables.read_back import column_has_values, table_rows

_REFUSED = {
    "unknown_offer": "name an offer or product that its table lacks",
    "outcome_before_shown": "have an outcome that came before they were shown",
    "outcome_after_window": "have an outcome that came after the end of their window, `tasks.response.window_days`",
}


def check_shown(impressions: Sequence[str], offers: Sequence[str]) -> None:
    """Checks that impressions can be told what they show.

    Raises:
        InputError: There is no impression, or offers are shown and there is no table of them, or the other way round.
    """
    if not table_rows(impressions):
        raise InputError(
            "Table `impressions` has no good row; expected what was shown, and to whom. See the quarantine."
        )
    named = {name: column_has_values(impressions, name) for name in (OFFER_ID, PRODUCT_ID)}
    if named[OFFER_ID] and not offers:
        raise InputError(
            "Table `impressions` names offers by `offer_id`, and there is no table `offers`. Give it, or name products."
        )
    if offers and not named[OFFER_ID]:
        raise InputError("There is a table `offers`, and no impression names one. Give `impressions` an `offer_id`.")


def check_impressions(made: Mapping[str, Any], options: ResponseExamplesOptions) -> list[str]:
    """Checks what was counted while the examples were made.

    Args:
        made: `counts` and `moments`.
        options: What is borne.

    Returns:
        Notes, a sentence each.

    Raises:
        InputError: Too many impressions are refused, or there is nothing to learn, to calibrate by or to test on.
    """
    counts, rows = made["counts"], max(made["counts"].get("rows", 0), 1)
    refused = {reason: counts.get(reason, 0) for reason in _REFUSED if counts.get(reason, 0)}
    if sum(refused.values()) > options.max_bad_fraction * rows:
        told = "; ".join(f"{count:,} {_REFUSED[reason]}" for reason, count in refused.items())
        raise InputError(
            f"Table `impressions`: {sum(refused.values()):,} of {rows:,} rows cannot be used: {told}. "
            f"{options.max_bad_fraction:.1%} may. Mend the table, or raise `limits.max_bad_fraction`."
        )
    notes = [f"Table `impressions`: {count:,} rows {_REFUSED[reason]}." for reason, count in refused.items()]
    first = options.outcomes[0]
    for split, use in (("train", "learn from"), ("eval", "validate and calibrate on"), ("test", "test on")):
        shown, happened = counts.get(split, 0), counts.get(f"{split}: {first}", 0)
        if not shown:
            raise InputError(
                f"There is no impression to {use}. Give more impressions, or set `tasks.response.split` so that each "
                "part has some."
            )
        if happened == 0:
            raise InputError(
                f"None of the {shown:,} impressions to {use} has the outcome `{first}`. Give impressions with it, name "
                "another column under `tasks.response.outcomes`, or mend `tasks.response.split`."
            )
        if happened == shown:
            raise InputError(
                f"All of the {shown:,} impressions to {use} have the outcome `{first}`; there are no negatives. Give "
                "the impressions that nothing came of too."
            )
    if shown_counts(counts)["campaigns"] == 1:
        if made["moments"]["test"] is not None:
            raise InputError(
                "All impressions are of one campaign, so one that is split by time says nothing of the next. Give "
                "impressions of more campaigns, leave `campaign_id` out, or set `tasks.response.split.method: random`."
            )
        notes.append("All impressions are of one campaign: what holds for it need not hold for the next one.")
    return notes


def shown_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Returns the counts that a summary shows: the campaigns by their number."""
    campaigns = sum(1 for name in counts if name.startswith("campaign "))
    return {"campaigns": campaigns, **{name: count for name, count in counts.items() if "campaign " not in name}}
