"""Names of clusters in the shop's own words: those of its categories."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from serving.graph.catalogue import CATEGORY_SEPARATOR

LONGEST_LABEL = 40
# A category names a cluster that it covers so much of; of two together, each must be so large a part.
_COVERS = 0.6
_IS_HALF = 0.25


def name_clusters(
    categories: Sequence[str], weights: npt.NDArray[np.float64], cluster_ids: npt.NDArray[np.integer], clusters: int
) -> list[str | None]:
    """Names each cluster by the deepest category that covers three fifths of it.

    Where none does, it is called by two categories that cover as much together and a quarter each, the deepest ones
    that do, or else by its commonest category of the uppermost level. Where several clusters would have one name, each
    says what of that category it mostly holds: `Soft Drinks: Bottles`, or where that is too long, and for the uppermost
    level, that alone: `Candles, Gadgets`. A name that is taken still gets the category above, and in the end a number.

    Args:
        categories: `(rows,)`, paths such as `Grocery > Bread > Rolls`; a row without one does not count.
        weights: float64 `(rows,)`, the products that each row stands for.
        cluster_ids: int `(rows,)`.
        clusters: Their number.

    Returns:
        A name a cluster, each once and of 40 characters at the most; None for a cluster without categories.
    """
    table = pd.DataFrame({"cluster": cluster_ids, "path": np.asarray(categories, object), "weight": weights})
    table = table[table["path"] != ""]
    shares: dict[int, pd.Series[float]] = {
        int(str(cluster)): rows.groupby("path", sort=True)["weight"].sum() / rows["weight"].sum()
        for cluster, rows in table.groupby("cluster")
    }
    covering = {cluster: _covering(paths) for cluster, paths in shares.items()}
    plain = pd.Series({cluster: _list_names(nodes) for cluster, nodes in covering.items()}, dtype=object)
    shared = set(plain[plain.duplicated(keep=False)])
    used: set[str] = set()
    names: list[str | None] = []
    for cluster in range(clusters):
        if cluster not in shares:
            names.append(None)
            continue
        tried = _names(covering[cluster], shares[cluster], plain[cluster] in shared)
        name = next(each for each in tried if each not in used)
        used.add(name)
        names.append(name)
    return names


def shorten(label: str) -> str:
    """Returns a label cut to 40 characters, after a whole word where it has several."""
    if len(label) <= LONGEST_LABEL:
        return label
    cut = label[: LONGEST_LABEL + 1]
    return (cut[: cut.rindex(" ")] if " " in cut.strip() else label[:LONGEST_LABEL]).rstrip(" ,:;&/-(")


def _covering(paths: "pd.Series[float]") -> list[str]:
    """Returns the node or the two nodes of the tree that a cluster is called by."""
    levels = list(_levels(paths))
    for nodes in levels:
        if nodes.iloc[0] >= _COVERS:
            return [str(nodes.index[0])]
    for nodes in levels:
        if len(nodes) > 1 and nodes.iloc[1] >= _IS_HALF and nodes.iloc[:2].sum() >= _COVERS:
            return [str(node) for node in nodes.index[:2]]
    return [str(levels[-1].index[0])]


def _levels(paths: "pd.Series[float]") -> "Iterator[pd.Series[float]]":
    """Yields the shares of the nodes of each level, the deepest level and the largest share first."""
    split = [str(path).split(CATEGORY_SEPARATOR) for path in paths.index]
    for level in range(max(len(path) for path in split), 0, -1):
        nodes = [CATEGORY_SEPARATOR.join(path[:level]) for path in split]
        yield paths.groupby(nodes).sum().sort_values(ascending=False, kind="stable")


def _names(nodes: list[str], paths: "pd.Series[float]", shared: bool) -> Iterator[str]:
    """Yields ever more exact names, without end."""
    plain = _list_names(nodes)
    if not shared:
        yield plain
    below = _below(nodes, paths)
    tried = [below[:2], below[:1], below[1:2], below[2:3], below[:3]]
    inside = [", ".join(names) for names in tried if names]
    uppermost = CATEGORY_SEPARATOR not in nodes[0]
    if len(nodes) == 1:
        yield from _fitting(f"{plain}: {names}" for names in inside[: 1 if uppermost else None])
    yield from _fitting(inside)
    if len(nodes) == 1:
        yield from _fitting(f"{plain}: {names}" for names in inside)
    above = nodes[0].split(CATEGORY_SEPARATOR)[:-1]
    if above:
        yield from _fitting([f"{above[-1]}: {plain}"])
    if shared:
        yield plain
    number = 2
    while True:
        yield f"{plain[: LONGEST_LABEL - 5].rstrip(' ,')} {number}"
        number += 1


def _fitting(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if len(name) <= LONGEST_LABEL)


def _below(nodes: list[str], paths: "pd.Series[float]") -> list[str]:
    """Returns the names of the categories right below some, the commonest in the cluster first."""
    children: dict[str, float] = {}
    for path, share in paths.items():
        for node in nodes:
            if str(path).startswith(node + CATEGORY_SEPARATOR):
                child = str(path)[len(node + CATEGORY_SEPARATOR) :].split(CATEGORY_SEPARATOR)[0]
                children[child] = children.get(child, 0.0) + share
    return sorted(children, key=lambda child: (-children[child], child))


def _list_names(nodes: list[str]) -> str:
    """Returns the names of nodes without those above them; the first one's alone where not all fit."""
    names = list(dict.fromkeys(node.split(CATEGORY_SEPARATOR)[-1] for node in nodes))
    above = nodes[0].split(CATEGORY_SEPARATOR)[1:-1]
    # One word far down the tree may say little alone: Meat > Pork > Enhanced.
    if len(names) == 1 and above and names[0].isalpha() and names[0] not in above[-1]:
        names = [*_fitting([f"{above[-1]}: {names[0]}"]), *names][:1]
    return next(_fitting([", ".join(names)]), shorten(names[0]))
