"""`shelfwise write` without a file: asks a running server for a text; nothing here loads TFX or a model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.text import Text

from components.errors import InputError
from serving.client import TextCheck, WrittenText
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console


def named_fields(given: Sequence[str]) -> dict[str, str]:
    """Returns fields given as `name=value`.

    Raises:
        InputError: One has no name.
    """
    fields = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign:
            raise InputError(f"--field should be a name and a value, as in title=Tea; got {each}")
        fields[name] = value
    return fields


def ask(what: str, fields: Mapping[str, str], *, text: str, address: str, as_json: bool) -> None:
    """Prints a text, or what is wrong with one that is given."""
    with asking(address) as client:
        answer = client.check_text(what, fields, text) if text else client.write(what, fields)
    if as_json:
        console.print_json(json.dumps(asdict(answer), ensure_ascii=False))
    elif isinstance(answer, TextCheck):
        print_check(answer)
    else:
        print_text(answer)


def print_text(written: WrittenText) -> None:
    """Prints a text and who wrote it."""
    console.print(Text(written.text))
    why = f", since the language model's text did not pass: {written.reason}" if written.reason else ""
    console.print(Text(f"written by a machine, its {written.written_by}{why}"))


def print_check(check: TextCheck) -> None:
    """Prints whether a text says nothing but its facts."""
    console.print(Text("passes" if check.checked else f"refused: {check.reason}"))
