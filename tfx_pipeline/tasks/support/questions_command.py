"""`shelfwise questions`: what was handed over, in groups and by week, and drafts of answers to the largest groups."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from components.errors import InputError
from serving.client import Reply
from serving.model_names import SUPPORT_MODEL
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.logs import logs_in

if TYPE_CHECKING:
    from components.support.handed_over import QuestionGroup

# Where `shelfwise gateway --root ROOT` keeps what was asked.
_LOG = Path("gateway") / "log" / "queries"
_SHOWN_WEEKS = 4
_LONGEST_ID = 40


def questions(root: Path, folder: Path | None, *, largest: int, least_cosine: float, out: Path, address: str) -> None:
    """Prints the groups of questions that the gateway has handed over, and writes drafts of answers to them.

    Args:
        root: Folder of the run.
        folder: Folder of the gateway's log; None for the root's.
        largest: Groups that are shown and drafted.
        least_cosine: Mean cosine of two groups from which on they are one.
        out: A .csv or .parquet file for the drafts, which must not be there.
        address: HOST:PORT of a server with the models search and support.

    Raises:
        InputError: Nothing was handed over, or the file cannot be written so.
        ServingError: The server did not answer.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise InputError(f"--out {out}: expected a name that ends in .csv or .parquet")
    if out.exists():
        raise InputError(f"--out {out}: that file is there already; move it away, or name another")
    asked, times = handed_over(root / _LOG if folder is None else folder / _LOG.relative_to("gateway"))
    console.print("loading TensorFlow …")
    with logs_in(Path(os.devnull)):
        from components.support.handed_over import distinct_questions, group_questions

        distinct = distinct_questions(asked)
        with asking(address) as client:
            vectors = np.array([client.embed_query(question) for question in distinct])
            groups = group_questions(asked, times, distinct, vectors, least_cosine)[:largest]
            nearest = [client.reply(group.questions[0]) for group in groups]
    _print(groups)
    drafts = draft_answers(groups, nearest)
    if out.suffix == ".csv":
        pyarrow.csv.write_csv(drafts, out)
    else:
        pq.write_table(drafts, out)
    console.print(f"wrote {out}: give each answer a `text`, and add the rows to the table `answers`")


def handed_over(folder: Path) -> tuple[list[str], list[float]]:
    """Returns the questions of a log that were handed over, and when each was asked, in Unix seconds.

    Raises:
        InputError: There is none.
    """
    asked: list[str] = []
    times: list[float] = []
    for file in sorted(folder.glob("*/*.parquet")):
        rows = pq.read_table(file, columns=["asked_at", "query", "model"], partitioning=None).to_pylist()
        handed = [row for row in rows if row["model"] == SUPPORT_MODEL]
        asked += [row["query"] for row in handed]
        times += [float(row["asked_at"]) for row in handed]
    if not asked:
        raise InputError(
            f"{folder}: expected a gateway's log of questions that were handed over, but there is none; ask it "
            "at /ask, and wait until it has written its log"
        )
    return asked, times


def draft_answers(groups: Sequence["QuestionGroup"], nearest: Sequence[Reply]) -> pa.Table:
    """Returns a row for each question of each group, in the columns of the table `answers` and some to look at.

    `text` is empty, so that a draft that nobody has looked at is no answer: a run refuses such rows.

    Args:
        groups: The groups.
        nearest: What the desk says to the most central question of each.
    """
    taken: set[str] = set()
    rows = []
    for group, reply in zip(groups, nearest, strict=True):
        answer_id = _id_of(group.label, taken)
        best = reply.answers[0] if reply.answers else None
        rows += [
            {
                "answer_id": answer_id,
                "intent": answer_id.replace("-", "_"),
                "question": question,
                "text": "",
                "asked": group.total,
                "nearest_answer_id": best.answer_id if best else "",
                "nearest_text": best.text if best else "",
            }
            for question in group.questions
        ]
    return pa.Table.from_pylist(rows)


def _id_of(label: str, taken: set[str]) -> str:
    words = re.sub(r"\W+", "-", label.casefold()).strip("-")[:_LONGEST_ID] or "question"
    name, number = words, 2
    while name in taken:
        name, number = f"{words}-{number}", number + 1
    taken.add(name)
    return name


def _print(groups: Sequence["QuestionGroup"]) -> None:
    weeks = sorted({week for group in groups for week in group.weeks})[-_SHOWN_WEEKS:]
    table = listing("asked", *weeks, "about", "for example", figures=1 + len(weeks))
    for group in groups:
        counts = (f"{group.weeks.get(week, 0):,}" for week in weeks)
        table.add_row(f"{group.total:,}", *counts, group.label, group.questions[0])
    console.print(table)
