"""Questions that were handed over to a person, in groups that ask the same, counted by week."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from sklearn.cluster import AgglomerativeClustering

from trainer.clusters.labels import label_clusters

# Groups are found by comparing all distinct questions with each other; of more, the most frequent are looked at.
MOST_QUESTIONS = 5_000
_LABEL_WORDS = 4

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class QuestionGroup:
    """Questions that ask the same.

    Attributes:
        label: The words that set them apart from others.
        questions: Each once, the one nearest to all others first.
        weeks: How often they were asked, by the Monday (UTC) of the week, the earliest first; empty where no time is
            known.
        total: How often in all.
    """

    label: str
    questions: list[str]
    weeks: dict[str, int]
    total: int


def distinct_questions(questions: Sequence[str]) -> list[str]:
    """Returns the distinct questions without case and outer blanks: the `MOST_QUESTIONS` that are most frequent."""
    counts = Counter(map(_key, questions))
    return [question for question, _ in counts.most_common(MOST_QUESTIONS) if question]


def group_questions(
    questions: Sequence[str],
    asked_at: Sequence[float | None],
    distinct: Sequence[str],
    vectors: Floats,
    least_cosine: float,
) -> list[QuestionGroup]:
    """Groups questions by average linkage: two groups are one while the mean cosine between them is high enough.

    Args:
        questions: As they were asked, one a time.
        asked_at: Unix seconds of each; None for unknown.
        distinct: What `distinct_questions` returned.
        vectors: float `(distinct, dimensions)` of these, of length 1.
        least_cosine: Mean cosine from which on two groups are one.

    Returns:
        The groups, the largest first.
    """
    if not distinct:
        return []
    ids = _clusters(vectors, least_cosine)
    groups = int(ids.max()) + 1
    # Each group is a leaf of one top cluster.
    labels = label_clusters(distinct, np.ones(len(distinct)), ids, np.zeros(groups, np.int32), _LABEL_WORDS).leaves
    group_of = dict(zip(distinct, ids.tolist(), strict=True))
    weeks: list[Counter[str]] = [Counter() for _ in range(groups)]
    totals = np.zeros(groups, np.int64)
    for question, seconds in zip(questions, asked_at, strict=True):
        group = group_of.get(_key(question))
        if group is None:
            continue
        totals[group] += 1
        if seconds is not None:
            weeks[group][_monday(seconds)] += 1
    found = []
    for group in np.argsort(-totals, kind="stable").tolist():
        members = np.flatnonzero(ids == group)
        central = members[np.argsort(-(vectors[members] @ vectors[members].sum(axis=0)), kind="stable")]
        found.append(
            QuestionGroup(
                label=labels[group],
                questions=[distinct[place] for place in central],
                weeks=dict(sorted(weeks[group].items())),
                total=int(totals[group]),
            )
        )
    return found


def _clusters(vectors: Floats, least_cosine: float) -> npt.NDArray[np.int32]:
    if len(vectors) == 1:
        return np.zeros(1, np.int32)
    # A question of which the encoder knows nothing has a vector of length 0, and a cosine with none.
    distances = 1.0 - np.asarray(vectors, np.float64) @ np.asarray(vectors, np.float64).T
    clustering = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1.0 - least_cosine
    )
    ids: npt.NDArray[np.int32] = clustering.fit_predict(np.maximum(distances, 0.0)).astype(np.int32)
    return ids


def _key(question: str) -> str:
    return " ".join(question.casefold().split())


def _monday(seconds: float) -> str:
    day = datetime.fromtimestamp(seconds, UTC).date()
    return (day - timedelta(days=day.weekday())).isoformat()
