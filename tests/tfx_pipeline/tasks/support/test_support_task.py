"""The nodes of support, and what it prints."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from serving.client import Reply
from shelfwise_client.calls.support import FoundAnswer
from tests.task_nodes import SUPPORT_NODES
from tests.tfx_pipeline.test_pipeline import ids, of_tables, pipeline, properties, upstream
from tfx_pipeline.tasks.support.ask_command import print_reply
from trainer.support.options import AnsweringOptions


def test_support_reads_answers_and_what_there_is_beside_them(tmp_path: Path) -> None:
    made = pipeline(tmp_path, ("answers", "dialogues", "products"), {"support": {"split": {"split_column": "part"}}})
    tables = of_tables("answers", "dialogues", "products")
    assert sorted(ids(made)) == sorted([*tables, "SupportTextVectors", *SUPPORT_NODES])
    assert {"AnswersDataGate", "DialoguesDataGate", "ProductsDataGate"} <= upstream(made, "SupportExamples")
    assert '"categorical_columns":["part"]' in properties(made, "AnswersExampleGen")["options_json"]
    assert '"fields":["description","review_phrases"]' in properties(made, "SupportTextVectors")["options_json"]
    alone = pipeline(tmp_path, ("answers",), {"support": {}})
    assert sorted(ids(alone)) == sorted([*of_tables("answers"), *SUPPORT_NODES])


def test_patterns_are_those_of_the_served_graph() -> None:
    assert AnsweringOptions(slots={"name": r"\p{Han}{2,4}"}).slots
    for pattern in ("(", "a(?=b)", r"(a)\1"):
        with pytest.raises(ValidationError, match="no regular expression that RE2 reads"):
            AnsweringOptions(slots={"name": pattern})


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (Reply("refund", 0.9, [FoundAnswer("a1", "Send it back.", 0.8)], 0.95, False), "Send it back."),
        (Reply("", 0.0, [], 0.1, False, {}, True, "not_sure"), "handed over: no answer is sure enough"),
        (Reply("", 0.0, [], 0.1, True), "no model `search` is served"),
        (Reply("", 0.0, [], 0.1, False, {"order_number": "[1]"}), "order number: [1]"),
    ],
)
def test_a_reply_is_printed(capsys: pytest.CaptureFixture[str], reply: Reply, shown: str) -> None:
    print_reply(reply)
    assert shown in capsys.readouterr().out
