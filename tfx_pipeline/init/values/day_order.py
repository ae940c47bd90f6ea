"""Which part of a date comes first, where the values do not tell."""

from collections.abc import Sequence
from dataclasses import replace

from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.values.times import TimeGuess

_PARTS = {"%d": "day", "%m": "month", "%y": "year"}


def with_order(guess: TimeGuess, what: str, asker: Asker) -> TimeGuess:
    """Returns a guess with one form.

    Args:
        guess: The guess, maybe with several forms.
        what: What the dates are, for the question.
        asker: Settles which form it is.
    """
    if not guess.others or guess.format is None:
        return guess
    forms = (guess.format, *guess.others)
    chosen = asker.choose(
        f"{what} have {_either(forms)} first?", [f"the {_first_part(form)} first (`{form}`)" for form in forms]
    )
    return guess if chosen == 0 else replace(guess, format=forms[chosen], others=())


def _either(forms: Sequence[str]) -> str:
    parts = [f"the {_first_part(form)}" for form in sorted(forms)]
    return f"{', '.join(parts[:-1])} or {parts[-1]}"


def _first_part(form: str) -> str:
    return _PARTS[form[:2]]
