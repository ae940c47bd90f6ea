"""The optimal string alignment distance and the nearest word in plain Python, as a second method."""

from collections.abc import Mapping


def plain_distance(first: str, second: str) -> int:
    """How many letters are missing, too many, other, or exchanged with their neighbour."""
    table = [[row + column for column in range(len(second) + 1)] for row in range(len(first) + 1)]
    for row in range(1, len(first) + 1):
        for column in range(1, len(second) + 1):
            other = first[row - 1] != second[column - 1]
            ways = [table[row - 1][column] + 1, table[row][column - 1] + 1, table[row - 1][column - 1] + other]
            if row > 1 and column > 1 and first[row - 1] == second[column - 2] and first[row - 2] == second[column - 1]:
                ways.append(table[row - 2][column - 2] + 1)
            table[row][column] = min(ways)
    return table[-1][-1]


def plain_corrected(word: str, frequency: Mapping[str, int]) -> str:
    """The nearest word of all, then the same first letter, the most frequent, and the first by its bytes.

    A word of under 7 letters keeps its first, or has it exchanged with its second.
    """
    allowed = (len(word) >= 4) + (len(word) >= 7)
    near = [
        (plain_distance(word, other), other[0] != word[0], -frequency[other], other.encode())
        for other in frequency
        if len(other) >= 3 and other.isalpha()
    ]
    near = [
        each
        for each in near
        if each[0] <= allowed and (len(word) >= 7 or not each[1] or each[3].decode()[:2] == word[1::-1])
    ]
    if word in frequency or not word.isalpha() or not near:
        return word
    return min(near)[3].decode()
