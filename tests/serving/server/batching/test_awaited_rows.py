"""How many rows are enough for a batch."""

import math

from serving.server.batching.awaited_rows import AwaitedRows


def test_before_the_first_batch_nothing_is_enough() -> None:
    assert AwaitedRows(threads=2).enough() == math.inf


def test_a_thread_has_its_share_of_what_was_awaited() -> None:
    awaited = AwaitedRows(threads=2)
    with awaited.counted(9):
        with awaited.counted(6):
            awaited.note_batch()
        assert awaited.enough() == 8
        # The most of as many batches as there are threads.
        awaited.note_batch()
        assert awaited.enough() == 8
        awaited.note_batch()
        assert awaited.enough() == 5


def test_one_client_alone_is_enough() -> None:
    awaited = AwaitedRows(threads=4)
    with awaited.counted(1):
        awaited.note_batch()
    assert awaited.enough() == 1
