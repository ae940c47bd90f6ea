"""Answers to a query as people see them on a terminal, grouped by cluster."""

import pytest

from serving.client import ExplainedWord, SearchAnswer
from tfx_pipeline.tasks.search.search_command import print_clusters

ANSWER = [
    SearchAnswer("6[y]", 0.9, "Tea [green]", 1, 3, "tea [red], 茶"),
    SearchAnswer("牛奶", 0.8, "牛奶 [bold]2.5[/bold]", 1, 1, "牛奶"),
    SearchAnswer("7", 0.7, "[/] Tea", 3, 3, "tea [red], 茶"),
]


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_products_stand_under_their_cluster_and_brackets_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    print_clusters(ANSWER)
    assert lines(capsys) == [
        "score product id title",
        "tea [red], 茶",
        "0.900 6[y] Tea [green]",
        "0.700 7 [/] Tea (and 2 alike)",
        "牛奶",
        "0.800 牛奶 牛奶 [bold]2.5[/bold]",
    ]


def test_products_alike_and_words_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    words = {"7": [ExplainedWord("茶", 0.25, -0.125), ExplainedWord("[tea]", 0.0, 0.5)]}
    print_clusters(ANSWER[2:], words)
    assert lines(capsys)[1:] == [
        "tea [red], 茶",
        "0.700 7 [/] Tea (and 2 alike)",
        "+0.125 茶: word +0.250, meaning -0.125",
        "+0.500 [tea]: word +0.000, meaning +0.500",
    ]


def test_a_long_id_is_shown_whole_and_a_long_title_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_clusters([SearchAnswer("x" * 300, -3.0, "牛奶 [tea] " * 40, 1, 0, "")])
    shown = capsys.readouterr().out
    assert shown.count("x") == 300
    assert "…" in shown


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_clusters([])
    assert capsys.readouterr().out == "no product fits\n"
