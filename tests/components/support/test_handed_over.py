"""Questions that ask the same are one group, counted by week."""

from datetime import UTC, datetime

import numpy as np

from components.support.handed_over import distinct_questions, group_questions

QUESTIONS = [
    "Do you have parking?",
    "where can I park my car",
    "do you have  parking?",
    "is the parking lot free",
    "what is the wifi password",
    "",
]
# Three directions of parking, near to each other, and one of wifi.
DIRECTIONS = {
    "do you have parking?": [1.0, 0.1, 0.0],
    "where can i park my car": [1.0, 0.0, 0.1],
    "is the parking lot free": [1.0, 0.3, 0.0],
    "what is the wifi password": [0.0, 0.0, 1.0],
}


def at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def test_groups_are_labelled_and_counted_by_week() -> None:
    distinct = distinct_questions(QUESTIONS)
    assert distinct[0] == "do you have parking?"
    assert set(distinct) == set(DIRECTIONS)
    vectors = np.array([DIRECTIONS[question] for question in distinct])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # A Sunday, the Monday after it, and a Saturday of that week.
    days = [at("2026-11-22"), at("2026-11-23"), at("2026-11-28"), None, at("2026-11-29"), at("2026-11-29")]
    parking, wifi = group_questions(QUESTIONS, days, distinct, vectors, least_cosine=0.6)
    assert (parking.total, wifi.total) == (4, 1)
    assert parking.weeks == {"2026-11-16": 1, "2026-11-23": 2}
    assert wifi.weeks == {"2026-11-23": 1}
    # By hand: the sum of cosines with the others is the greatest for the middle one.
    sums = vectors @ vectors.T
    of_parking = [place for place, question in enumerate(distinct) if "park" in question]
    best = max(of_parking, key=lambda place: sums[place, of_parking].sum())
    assert parking.questions[0] == distinct[best]
    assert len(parking.questions) == 3
    assert "park" in parking.label.lower()
    assert "wifi" in wifi.label.lower()


def test_nothing_was_handed_over() -> None:
    assert group_questions([], [], [], np.zeros((0, 3)), 0.6) == []


def test_a_single_question_is_a_group() -> None:
    (group,) = group_questions(["why?"], [None], ["why?"], np.ones((1, 1)), 0.6)
    assert (group.questions, group.weeks, group.total) == (["why?"], {}, 1)
