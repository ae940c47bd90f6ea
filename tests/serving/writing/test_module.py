"""What the served model makes of what the language model has written."""

import tensorflow as tf

from serving.writing.module import ends_within_quote


def test_a_quotation_that_does_not_end_is_told_from_inches_and_from_one_that_does() -> None:
    open_ones = ['The shop says: "We deliver.', "(“We deliver.", '"a" and "b', '"']
    others = [
        'The shop says: "We deliver."',
        "“We deliver.”",
        'A pan of 12"',
        'A 12" pan',
        "",
        '"a" and "b"',
        'a 5" "b"',
    ]
    found = ends_within_quote(tf.constant(open_ones + others)).numpy().tolist()
    assert found == [True] * len(open_ones) + [False] * len(others)
