"""What shoppers type, with what must and must not be among the first five titles that a search of the demo finds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

_FILE = Path(__file__).with_suffix(".yaml")
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ShopperQuery:
    """A query and what its answer must be like; each rule is a regular expression over "TITLE | CATEGORY".

    Attributes:
        query: What is typed.
        like: What `at_least` of the first five titles are.
        at_least: See `like`.
        never: What none of them is; "" for anything goes.
        first: What the first one is; "" for anything goes.
    """

    query: str
    like: str
    at_least: int = 4
    never: str = ""
    first: str = ""

    def holds(self, found: Sequence[tuple[str, str]]) -> bool:
        """Returns whether an answer, (title, category) by rank, is as it must be; equal titles count once."""
        titles: dict[str, str] = {}
        for title, category in found:
            titles.setdefault(title, f"{title} | {category}")
        shown = list(titles.values())[:_SHOWN]
        matches = [bool(re.search(self.like, text, re.IGNORECASE)) for text in shown]
        if sum(matches) < self.at_least:
            return False
        if self.never and any(re.search(self.never, text, re.IGNORECASE) for text in shown):
            return False
        return not self.first or bool(re.search(self.first, shown[0], re.IGNORECASE))


def shopper_queries(held_out: bool = False) -> list[ShopperQuery]:
    """Reads the sixty queries, or the twenty that no choice was made by."""
    rows = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return [ShopperQuery(**row) for row in rows["held_out" if held_out else "queries"]]
