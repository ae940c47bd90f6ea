"""YAML with comments: what is written is what is read, whatever the values hold."""

from typing import Any

import pytest
import yaml

from tfx_pipeline.init.yaml_writer import Commented, to_yaml

ODD = [
    "on",
    "no",
    "12:30",
    "1e3",
    "0123",
    "a: b",
    "# c",
    "",
    " ",
    "'quoted'",
    '"',
    "C:\\x",
    "牛奶",
    "%d.%m.%Y",
    "*",
    "[a",
    "-",
    "Customer\nID",
    "Customer\r\nID: 5",
    "a\u2028b\x85c",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_come_back_as_they_are(odd: str) -> None:
    values: dict[str, Any] = {
        "plain": odd,
        odd or "empty": {"inner": [odd, "b"], "deep": {odd or "empty": [odd]}},
        "list": [{"path": odd, "columns": {"a": odd}}, odd],
    }
    document = Commented(values=values)
    document.above["plain",] = [f"of {odd}", "  indented"]
    document.above["list",] = [f"  name  {odd}"]
    document.beside["list", "0", "columns", "a"] = f"an example {odd}"
    assert yaml.safe_load(to_yaml(document)) == values


def test_numbers_truths_and_nothing() -> None:
    values: dict[str, Any] = {"a": 1, "b": 0.5, "c": False, "d": [], "e": ["x"]}
    assert yaml.safe_load(to_yaml(Commented(values=values))) == values
    assert yaml.safe_load(to_yaml(Commented(values={"tasks": {"search": {}}}))) == {"tasks": {"search": None}}


def test_comments_stand_where_they_belong_and_are_folded() -> None:
    document = Commented(values={"first": 1, "second": {"inner": "x"}})
    document.above["second",] = [" ".join(["word"] * 60)]
    document.beside["second", "inner"] = "beside"
    lines = to_yaml(document).splitlines()
    assert lines[:2] == ["first: 1", ""]
    comment = [line for line in lines if line.startswith("# ")]
    assert len(comment) > 1
    assert max(map(len, comment)) <= 120
    assert lines[-2:] == ["second:", "  inner: x  # beside"]
