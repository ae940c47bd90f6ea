"""Bytes that something has happened to."""

from hypothesis import strategies as st

_PLACES = 2**20


@st.composite
def damaged(draw: st.DrawFn, body: bytes, least: int = 0, most: int = 4) -> bytes:
    """Bytes with some changed, inserted, dropped, said twice, or cut off.

    Args:
        draw: Given by hypothesis.
        body: What they were.
        least: Fewest damages.
        most: Most damages.
    """
    left = bytearray(body)
    for _ in range(draw(st.integers(least, most))):
        # The same choices whatever the length, which may hang on when a file was written.
        at = draw(st.integers(0, _PLACES)) % max(len(left), 1)
        match draw(st.sampled_from(["change", "cut", "insert", "drop", "twice"])):
            case "change" if left:
                left[at] = draw(st.integers(0, 255))
            case "cut":
                del left[at:]
            case "insert":
                left[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "twice":
                left[at:at] = left[at : at + draw(st.integers(1, 64))]
            case _:
                del left[at : at + draw(st.integers(1, 16))]
    return bytes(left)
