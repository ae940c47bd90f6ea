"""What `shelfwise questions` reads of a gateway's log, and which rows it drafts."""

from pathlib import Path

import pytest

from components.errors import InputError
from components.support.handed_over import QuestionGroup
from serving.client import FoundAnswer, Reply
from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.tasks.support.questions_command import draft_answers, handed_over, questions

PARKING = QuestionGroup(label="Car Park", questions=["where can i park", "is there parking"], weeks={}, total=5)
ALSO = QuestionGroup(label="car park!", questions=["car park?"], weeks={}, total=1)
NEAREST = Reply("hours", 0.2, [FoundAnswer("hours", "We open at 7.", 0.2)], 0.2, False, hand_over=True)


def test_only_what_was_handed_over_is_read(tmp_path: Path) -> None:
    log = ParquetLog(tmp_path / "log")
    asked = [("tea", "search"), ("do you park cars", "support"), ("tea", None), ("why", "support")]
    for place, (query, model) in enumerate(asked):
        row = {"asked_at": 1000 + place, "query": query, "results": 0, "model": model}
        log.write("queries", [row], kind="queries", store="s", sequence=str(place), at=1000.0)
    assert handed_over(tmp_path / "log" / "queries") == (["do you park cars", "why"], [1001.0, 1003.0])


def test_a_draft_is_a_row_for_each_question_and_no_answer_yet() -> None:
    rows = draft_answers([PARKING, ALSO], [NEAREST, Reply("", 0.0, [], 0.0, False)]).to_pylist()
    assert [row["answer_id"] for row in rows] == ["car-park", "car-park", "car-park-2"]
    assert [row["question"] for row in rows] == [*PARKING.questions, *ALSO.questions]
    assert {row["text"] for row in rows} == {""}
    assert [row["intent"] for row in rows] == ["car_park", "car_park", "car_park_2"]
    assert [row["nearest_text"] for row in rows] == ["We open at 7.", "We open at 7.", ""]


@pytest.mark.parametrize(
    ("out", "message"),
    [("drafts.txt", "ends in .csv or .parquet"), ("there.csv", "is there already"), ("drafts.csv", "there is none")],
)
def test_a_users_mistake_is_told_before_anything_is_asked(tmp_path: Path, out: str, message: str) -> None:
    (tmp_path / "there.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        questions(tmp_path, None, largest=1, least_cosine=0.6, out=tmp_path / out, address="127.0.0.1:1")
