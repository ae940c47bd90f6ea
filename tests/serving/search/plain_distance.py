"""The optimal string alignment distance in plain Python, as a second method."""


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
