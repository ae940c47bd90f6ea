"""summary.json is written and read in one form."""

import json
from pathlib import Path

import pytest

from components.errors import InputError
from tests.tfx_pipeline.summaries import write_summary_of
from tfx_pipeline.summary.file import FILE_NAME, read_summary, summary_of_run


def test_what_is_written_is_read_again_with_what_only_one_task_says(tmp_path: Path) -> None:
    write_summary_of(tmp_path, "toys", rules={"uri": "牛奶", "levels": [1, None]}, slices=None)
    summary = summary_of_run(tmp_path)
    done = summary.tasks["toys"]
    assert done.detail("rules") == {"uri": "牛奶", "levels": [1, None]}
    assert done.detail("nothing") is None
    assert summary.blessed


def test_keys_that_were_never_set_are_left_out(tmp_path: Path) -> None:
    write_summary_of(tmp_path, "toys", slices=None)
    content = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    assert content["version"] == 1
    assert content["tasks"]["toys"]["slices"] is None
    assert "ablation" not in content["tasks"]["toys"]


def test_a_run_that_never_was_has_none(tmp_path: Path) -> None:
    assert read_summary(tmp_path) is None
    with pytest.raises(InputError, match=r"there is no summary.json; run the pipeline with `--root"):
        summary_of_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ({"version": 2}, "version: Input should be 1"),
        ({"version": 1}, "config: Field required"),
        ({}, "version: Field required"),
        ([], "the file: "),
    ],
)
def test_a_summary_of_another_version_is_refused_in_one_line(tmp_path: Path, content: object, wrong: str) -> None:
    (tmp_path / FILE_NAME).write_text(json.dumps(content))
    with pytest.raises(InputError, match="expected a summary of version 1") as refused:
        read_summary(tmp_path)
    assert wrong in str(refused.value)
    assert "\n" not in str(refused.value)
