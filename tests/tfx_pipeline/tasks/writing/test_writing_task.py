"""The nodes of writing, its options, and what it prints."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from components.errors import InputError
from serving.client import TextCheck, WrittenText
from tests.task_nodes import WRITING_NODES
from tests.tfx_pipeline.test_pipeline import ids, of_tables, pipeline, properties, upstream
from tfx_pipeline.tasks.writing.ask_command import named_fields, print_check, print_text
from tfx_pipeline.tasks.writing.config import WritingConfig
from trainer.writing.options import DEFAULT_KINDS


def test_writing_reads_products_and_answers(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("products", "answers"), {"writing": {"attributes": ["colour"]}})
    assert sorted(ids(made)) == sorted([*of_tables("products", "answers"), *WRITING_NODES])
    assert {"ProductsDataGate", "AnswersDataGate"} <= upstream(made, "WritingExamples")
    assert '"categorical_columns":["colour"]' in properties(made, "ProductsExampleGen")["options_json"]
    alone = pipeline(tmp_path, ("answers",), {"writing": {}})
    assert sorted(ids(alone)) == sorted([*of_tables("answers"), *WRITING_NODES])


def test_a_wrong_template_is_refused() -> None:
    kind = {"prompt": "Write of {title}", "templates": ["{title}"]}
    assert set(WritingConfig(kinds={"line": kind}).all_kinds) == {*DEFAULT_KINDS, "line"}
    assert WritingConfig(kinds={"reply": kind}).all_kinds["reply"].prompt == "Write of {title}"
    for wrong in (
        {**kind, "prompt": "{colour}"},
        {**kind, "templates": ["[x"]},
        {**kind, "templates": []},
        {**kind, "must_say": ["offer"]},
    ):
        with pytest.raises(ValidationError):
            WritingConfig(kinds={"line": wrong})
    assert all("{style}" in kind.prompt and "{max_words}" in kind.prompt for kind in DEFAULT_KINDS.values())


def test_fields_are_given_by_name() -> None:
    assert named_fields(["title=a=b", "brand="]) == {"title": "a=b", "brand": ""}
    with pytest.raises(InputError, match="as in title=Tea; got title"):
        named_fields(["title"])


def test_who_wrote_a_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(WrittenText("Tea [red].", False, "not in the facts: number 9", "template"))
    print_text(WrittenText("Good tea.", True, "", "model"))
    print_check(TextCheck(False, "banned: cure", 0.5))
    print_check(TextCheck(True, "", 0.5))
    shown = capsys.readouterr().out
    assert "Tea [red]." in shown
    assert "its template, since the language model's text did not pass: not in the facts" in " ".join(shown.split())
    assert "written by a machine, its model\n" in shown
    assert "refused: banned: cure\npasses\n" in shown
