"""Tells columns that say, yes or no, what came of what was shown."""

from collections.abc import Collection

from tfx_pipeline.init.column_names import plain_name
from tfx_pipeline.init.sample import Sample

# The likeliest names first, as `plain_name` writes them.
_NAMES = (
    "clicked", "click", "isclick", "isclicked", "wasclicked", "clicks", "opened", "isopened", "responded", "response",
    "redeemed", "redeem", "isredeemed", "converted", "conversion", "isconversion", "visited", "visit", "geklickt",
    "klick", "eingelost", "reagiert", "clic", "clique", "canjeado", "是否点击", "点击", "是否核销", "是否转化", "點擊",
    "是否點擊", "是否轉化",
)  # fmt: skip
_YES = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_NO = frozenset({"false", "f", "no", "n", "0", "0.0"})


def outcome_names(sample: Sample) -> list[str]:
    """Returns the columns of a file that say what came of a row, what came of most rows first."""
    found = {name: sample.distinct(name) for name in sample.rows.column_names if plain_name(name) in _NAMES}
    told = {name: counts for name, counts in found.items() if len(counts) > 1 and _are_yes_or_no(counts)}
    return sorted(told, key=lambda name: _often(told[name]), reverse=True)


def _are_yes_or_no(values: Collection[str]) -> bool:
    return all(value.strip().lower() in _YES | _NO for value in values)


def _often(counts: dict[str, int]) -> int:
    """Returns how often a column says yes."""
    return sum(
        count for value, count in counts.items() if value.strip().lower() in ("true", "t", "yes", "y", "1", "1.0")
    )
