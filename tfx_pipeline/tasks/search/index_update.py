"""`shelfwise index`: another catalogue for the served search model, in a new version, without training."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tfx.types import Artifact

from components.checks.search import failed_checks
from components.errors import InputError
from components.gate.decision import decide
from components.gate.judgement import LAST_BLESSED, MODEL, Judgement
from components.merchant.tables import SEARCH_TABLES, merchant_word
from components.products.catalogue import write_catalogue, write_catalogue_facts
from components.products.reviews.join import PHRASES_COLUMN, with_known_reviews
from components.pushing.served_versions import latest_version, push_folder
from components.pushing.serving_validator import validate
from components.search.dictionary import pinyin_reading
from components.search.examples.catalogue import PRODUCT_COLUMNS, build_search_catalogue
from components.search.examples.product_parts import product_parts
from components.search.judging.gate import JUDGED_BY, index_refusals
from components.search.judging.gate_options import SearchGateOptions
from components.search.judging.query_judge import (
    client_ranking,
    measure_rankings,
    rank_in_batches,
    served_ranking,
)
from components.search.judging.query_summary import QuerySummary
from components.tables.read_back import table_columns, table_files
from components.tables.reading.plain_columns import plain_columns
from components.tables.sources import TableSource
from serving.client import Shelfwise
from serving.model_names import SEARCH_MODEL
from serving.search.ranking import Fusion
from tfx_pipeline.shop.options import IMAGE, ShopOptions
from tfx_pipeline.shop.products import REVIEWS
from tfx_pipeline.shop.read_table import read_table
from tfx_pipeline.shop.run_options import options_of_run, shop_of_run
from tfx_pipeline.shop.table_options import table_options
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.tasks.search.config import SearchConfig
from tfx_pipeline.tasks.search.index_pictures import read_pictures
from tfx_pipeline.tasks.search.task import SearchTask
from trainer.artifacts.catalogue import load_catalogue
from trainer.artifacts.names import TABLE_PREFIX, TABLE_SPLIT, shards
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import read_model_card
from trainer.search.export import export_search
from trainer.search.index.update import UpdatedSearch, update_search
from trainer.search.options import SearchServingOptions
from trainer.search.queries import JudgedQueries, load_queries


@dataclass(frozen=True, kw_only=True)
class IndexUpdate:
    """What became of an update.

    Attributes:
        pushed: Folder of the new version; None where the gate refused it.
        refused_because: One sentence a reason.
        changes: Products added, changed and removed, and texts embedded; of a model that reads pictures also products
            that have one, and pictures that were encoded.
        quarantined: Refused rows of the products table, and refused pictures, by reason.
    """

    pushed: str | None
    refused_because: list[str]
    changes: dict[str, int]
    quarantined: Mapping[str, int]


def update_index(root: Path, products: str, merchant: Mapping[str, str] | None = None) -> IndexUpdate:
    """Puts a products table into a new version of the served search model of a run.

    Products that the table lacks are gone from the new version, others are added or changed. Nothing is trained: only
    texts that the old version does not know are embedded. The new version is pushed if it does not rank the run's test
    queries worse than the old one does by more than the gate's margin, its index finds what exact search finds, and the
    server answers real requests with it.

    Args:
        root: Folder of the run whose model is served.
        products: Path of the products table, in full. It is written as the run's own was: the columns have the same
            names, and so on; where the run's came from several sources, it is taken to need no more than its path.
        merchant: Paths of the merchant's tables by name; where one is empty, the table is read again from where the
            run's configuration says.

    Raises:
        InputError: There is no such run or model, or the table or its pictures are not what they should be.
    """
    shop, options = _configured(root)
    served = latest_version(str(root / "serving" / SEARCH_MODEL))
    if options is None or not served:
        raise InputError(
            f"{root} should hold a run with a search model that was pushed, but there is none; "
            "run `shelfwise run` with the task search first"
        )
    gate = options.gate
    card = read_model_card(served)
    with tempfile.TemporaryDirectory() as scratch:
        serving = SearchServingOptions.model_validate(card["serving"])
        kept = serving.collapse_columns
        table, rows, quarantined = _read_products(products, shop, kept, Path(scratch), root / "index")
        if PHRASES_COLUMN in card["text_fields"]:
            table = with_known_reviews(table, read_parquet(_reviewed_products(root)))
        catalogue = build_search_catalogue(table, card["text_fields"], serving.collapse_columns)
        queries = _surviving_queries(root, catalogue)
        pictures = read_pictures(root, card, shop, rows, products, catalogue, Path(scratch))
        updated = update_search(
            served,
            catalogue,
            product_parts(catalogue),
            queries.queries,
            serving,
            Fusion(**card["fusion"]),
            shop.seed,
            merchant_word(_read_merchant_tables(merchant or {}, shop, Path(scratch), root / "index")),
            catalogue_pictures=None if pictures is None else pictures.of_catalogue,
            reading=pinyin_reading(serving.pinyin),
        )
        changes = {name: getattr(updated, name) for name in ("added", "changed", "removed", "embedded_texts")}
        if pictures is not None and updated.pictured is not None:
            changes |= {"pictured": updated.pictured, "encoded_pictures": pictures.encoded}
            quarantined = {**quarantined, **pictures.quarantined}
        model = str(Path(scratch) / "model")
        export_search(
            model,
            updated.module,
            updated.clusters,
            _updated_card(card, serving, served, changes, len(catalogue)),
            updated.personal,
        )
        refused = validate(
            model,
            SEARCH_MODEL,
            lambda client, served_model: (
                failed_checks(client, served_model) or _refusals(client, catalogue, queries, updated, gate)
            ),
            catalogue_uri=_write_catalogue(Path(scratch) / "catalogue", catalogue),
            own_process=False,
        )
        pushed = None if refused else push_folder(model, str(root / "serving" / SEARCH_MODEL))
    return IndexUpdate(pushed=pushed, refused_because=refused, changes=changes, quarantined=quarantined)


def _configured(root: Path) -> tuple[ShopOptions, SearchConfig | None]:
    """Returns what the run's configuration says, and what it says of search; None where it had no such task."""
    search = summary_of_run(root).config["tasks"].get(SEARCH_MODEL)
    return shop_of_run(root), None if search is None else options_of_run(root, SearchConfig, search)


def _read_products(
    path: str, shop: ShopOptions, kept_columns: Sequence[str], scratch: Path, kept: Path
) -> tuple[pa.Table, Artifact, Mapping[str, int]]:
    """Checks the table as a run does, and returns it as plain columns and as it was read, with counts of bad rows.

    Refused rows go to a quarantine under `kept`.

    Raises:
        InputError: The table is not what it should be, or has too many bad rows.
    """
    options = table_options("products", shop, pictures=[IMAGE] if shop.pictures.read else [])
    examples, counts = read_table("products", [shop.products_at(path)], shop, options, scratch, kept / "quarantine")
    files = table_files(examples)
    # Of a shop whose pictures are not read, the table has no column of them.
    there = table_columns(files)
    columns = [name for name in dict.fromkeys((*PRODUCT_COLUMNS, *kept_columns)) if name in there]
    batches = [plain_columns(batch) for file in files for batch in read_parquet(file).select(columns).to_batches()]
    return pa.Table.from_batches(batches), examples, counts.bad


def _read_merchant_tables(
    paths: Mapping[str, str], shop: ShopOptions, scratch: Path, kept: Path
) -> dict[str, list[str]]:
    """Returns the checked files of each of the merchant's tables, none of one that there is not.

    Raises:
        InputError: A table is not what it should be, or has too many bad rows.
    """
    files = {}
    for name in SEARCH_TABLES:
        given = [TableSource(path=paths[name])] if paths.get(name) else shop.tables.given().get(name, ())
        sources = [source.in_zone(shop.time_zone) for source in given]
        files[name] = (
            table_files(
                read_table(name, sources, shop, table_options(name, shop), scratch, kept / f"quarantine_{name}")[0]
            )
            if sources
            else []
        )
    return files


def _surviving_queries(root: Path, catalogue: pa.Table) -> JudgedQueries:
    """Returns the run's test queries with the judgements of products that the new catalogue still has."""
    before = load_catalogue(_latest(root, "catalogue"))["product_id"].to_pylist()
    place = {product_id: row for row, product_id in enumerate(catalogue["product_id"].to_pylist())}
    moved = np.array([place.get(product_id, -1) for product_id in before], np.int64)
    queries = load_queries(_latest(root, "examples"), "test")
    products = moved[queries.products]
    kept = products >= 0
    counts = np.bincount(queries.rows()[kept], minlength=len(queries))
    return JudgedQueries(
        queries=queries.queries,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        products=products[kept],
        relevance=queries.relevance[kept],
        slices=queries.slices,
        headline=queries.headline,
    )


def _latest(root: Path, output: str) -> str:
    """Returns the newest artifact of the run's search examples.

    Raises:
        InputError: There is none.
    """
    try:
        return str(latest_artifact(root, SearchTask().node_id("Examples"), output))
    except FileNotFoundError as error:
        raise InputError(str(error)) from error


def _reviewed_products(root: Path) -> str:
    """Returns the files of the run's products with what reviews say of them, as a glob.

    Raises:
        InputError: There are none.
    """
    try:
        folder = latest_artifact(root, REVIEWS, "reviewed_products")
    except FileNotFoundError as error:
        raise InputError(str(error)) from error
    return shards(str(folder / f"Split-{TABLE_SPLIT}"), TABLE_PREFIX)


def _refusals(
    client: Shelfwise,
    catalogue: pa.Table,
    queries: JudgedQueries,
    updated: UpdatedSearch,
    options: SearchGateOptions,
) -> list[str]:
    """Returns why the new version is worse than the old one, a sentence a reason."""
    index = {product_id.encode(): place for place, product_id in enumerate(catalogue["product_id"].to_pylist())}
    width = max(options.k)
    rankings = {MODEL: client_ranking(client, index), LAST_BLESSED: served_ranking(updated.served, index)}
    lists = {name: rank_in_batches(rank, queries.queries, width) for name, rank in rankings.items()}
    summary = QuerySummary(measure_rankings(queries, lists, options.k, options.relevant_from), options)
    judgement = Judgement.of(summary, [], JUDGED_BY, with_last_blessed=True)
    rules = options.model_copy(update={"baselines": (), "baseline_margins": {}, "thresholds": {}})
    return [*decide(judgement, rules).refused_because, *index_refusals(updated.index.recall, options)]


def _updated_card(
    card: dict[str, Any], serving: SearchServingOptions, served: str, changes: Mapping[str, int], products: int
) -> dict[str, Any]:
    pictures = {"pictures": {**card["pictures"], "products": changes["pictured"]}} if "pictures" in card else {}
    return {
        **card,
        **pictures,
        # With the defaults of what a model of an earlier version did not know.
        "serving": serving.model_dump(mode="json"),
        "limits": {**card["limits"], "products": products},
        "update": {"of_version": Path(served).name, **changes},
    }


def _write_catalogue(folder: Path, catalogue: pa.Table) -> str:
    folder.mkdir()
    write_catalogue(str(folder), catalogue)
    write_catalogue_facts(str(folder), {})
    return str(folder)
