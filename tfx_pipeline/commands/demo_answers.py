"""The demo's table of answers: what a made-up grocer says to questions, a row for each question."""

import json
from importlib.resources import files
from pathlib import Path

import yaml

_ANSWERS, _TABLE = "demo_answers.yaml", "answers.jsonl"


def prepare_answers(folder: Path) -> None:
    """Writes `answers.jsonl` into a folder, unless it stands there already."""
    answers = yaml.safe_load((files("tfx_pipeline.config") / _ANSWERS).read_text(encoding="utf-8"))
    rows = [
        {"answer_id": each["id"], "intent": each["intent"], "text": each["text"], "question": question}
        for each in answers
        for question in each["questions"]
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    table = folder / _TABLE
    if table.exists() and table.read_text(encoding="utf-8") == lines:
        return
    folder.mkdir(parents=True, exist_ok=True)
    table.write_text(lines, encoding="utf-8")
