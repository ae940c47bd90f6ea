"""Answers as people see them on a terminal."""

import json

import pytest

from serving.client import Answer, RecommendationReason, TogetherAnswer
from tfx_pipeline.tasks.recommendation.product_commands import print_answers, print_together

LONG_ID = "x" * 300
ANSWERS = [
    Answer(product_id="6[y]", score=0.8, title="Tea [green]"),
    Answer(product_id="7", score=0.7, title="Tea [green]"),
    Answer(product_id=LONG_ID, score=-3.0, title="A title that is much longer than a line of a terminal can be " * 3),
    Answer(product_id="8", score=-4.0, title="not shown"),
]


def test_one_row_a_title_with_nothing_lost(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers(ANSWERS, k=2, as_json=False)
    heading, first, *rest = capsys.readouterr().out.splitlines()
    assert heading.split() == ["score", "product", "id", "title"]
    assert first.split() == ["0.800", "6[y]", "Tea", "[green]", "(and", "1", "alike)"]
    assert rest[0].rstrip().endswith("…")
    assert sum(line.count("x") for line in rest) == len(LONG_ID)
    assert "not shown" not in "".join(rest)


def test_json_has_every_product(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers(ANSWERS, k=2, as_json=True)
    assert [row["product_id"] for row in json.loads(capsys.readouterr().out)] == ["6[y]", "7", LONG_ID, "8"]


def test_reasons_stand_below_their_product(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = [RecommendationReason(f"bought [{number}]", 0.5 - number, "1") for number in range(4)]
    print_answers(ANSWERS[:1], k=2, as_json=False, reasons={"6[y]": reasons})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert lines == [["+0.500", "bought", "[0]"], ["-0.500", "bought", "[1]"], ["-1.500", "bought", "[2]"]]
    print_answers(ANSWERS[:1], k=2, as_json=True, reasons={"6[y]": reasons})
    (row,) = json.loads(capsys.readouterr().out)
    assert [each["attribution"] for each in row["reasons"]] == [0.5, -0.5, -1.5, -2.5]


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers([], k=2, as_json=False)
    assert capsys.readouterr().out == "no product fits\n"


def test_what_is_bought_together_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        TogetherAnswer("6[y]", "Tea [green]", 0.25, 3.5, "product rules"),
        TogetherAnswer("牛奶", "", 0.0, 0.0, "towers"),
    ]
    print_together(found)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["confidence", "lift", "found", "by", "product", "id", "title"],
        ["0.250", "3.50", "product", "rules", "6[y]", "Tea", "[green]"],
        ["towers", "牛奶"],
    ]


def test_nothing_bought_together_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_together([])
    assert capsys.readouterr().out == "nothing is known to go with that\n"
