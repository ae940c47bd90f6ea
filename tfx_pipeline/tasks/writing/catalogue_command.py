"""`shelfwise write --out`: a text for each product of a run, by Beam; goes on where it was stopped."""

import functools
import json
import shutil
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.errors import InputError
from components.pushing.served_versions import latest_version
from components.tables.read_back import ReadTable, table_columns, table_rows
from components.writing.catalogue_texts import WriteTexts, part_file
from components.writing.product_fields import PRODUCT_COLUMNS
from components.writing.writer import Writer
from serving.model_names import WRITING_MODEL
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
from tfx_pipeline.shop.run_options import options_of_run
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.tasks.writing.config import WritingConfig
from trainer.artifacts.names import TABLE_PREFIX, TABLE_SPLIT, shards
from trainer.writing.pairs import Pair, load_pairs

_PRODUCTS_OF_A_PART = 64
_ASKED_FILE = "asked.json"


def write_catalogue_texts(root: Path, what: str, out: Path, *, variants: int = 1, offer: str = "") -> list[str]:
    """Writes texts for all products of a run into a JSON Lines file, and says how it went.

    Parts that are written stay in `OUT.parts` until all are; the same command then goes on with those that are missing.

    Args:
        root: Folder of the run, whose pushed model writes.
        what: The kind of text.
        out: The file.
        variants: Texts of each product.
        offer: An offer that the texts may name.

    Returns:
        What the terminal says.

    Raises:
        InputError: The run has no such model, kind of text or products, or other texts were begun there.
    """
    tasks = summary_of_run(root).config.get("tasks") or {}
    if WRITING_MODEL not in tasks:
        raise InputError(f"{root} should be a run with the task `writing`; it has {', '.join(tasks) or 'none'}.")
    options = options_of_run(root, WritingConfig, tasks[WRITING_MODEL] or {})
    if what not in options.all_kinds:
        raise InputError(f"--what {what}: expected one of {', '.join(options.all_kinds)}")
    model = latest_version(str(root / "serving" / WRITING_MODEL))
    if not model:
        raise InputError(f"{root / 'serving' / WRITING_MODEL} should hold the pushed model; the run has pushed none.")
    try:
        table = latest_artifact(root, "ProductsExampleGen", "examples")
    except FileNotFoundError as error:
        raise InputError(f"Texts are written about products, and the run has none: {error}.") from error
    files = sorted(str(path) for path in Path(table).glob(shards(f"Split-{TABLE_SPLIT}", TABLE_PREFIX)))
    count = table_rows(files)
    parts = max(1, -(-count // _PRODUCTS_OF_A_PART))
    folder = out.with_name(f"{out.name}.parts")
    _begin(folder, {"model": model, "table": str(table), "what": what, "variants": variants, "offer": offer})
    done = sum(Path(part_file(str(folder), part)).exists() for part in range(parts))
    known = known_pairs(root, what) if options.known_texts else []
    columns = [name for name in (*PRODUCT_COLUMNS, *options.attributes) if name in table_columns(files)]
    started = time.monotonic()
    with beam.Pipeline(options=PipelineOptions(list(LOCAL_BEAM_ARGS))) as pipeline:
        _ = (
            pipeline
            | "ReadProductsTable" >> ReadTable(files, columns)
            | "WriteTexts"
            >> WriteTexts(
                what=what,
                folder=str(folder),
                parts=parts,
                variants=variants,
                offer=offer,
                attributes=options.attributes,
                load=functools.partial(Writer, model, known, options.checks.terms),
            )
        )
    seconds = time.monotonic() - started
    found = _join(folder, parts, out)
    new = found["texts"] * (parts - done) / parts
    return [
        f"{found['texts']:,} texts of {found['products']:,} products in {out}, "
        + ", ".join(f"{number:,} by {name}" for name, number in sorted(found["by"].items())),
        *([f"{done:,} of {parts:,} parts were there already"] if done else []),
        *([f"how much variants differ: {found['difference']:.2f} of their words"] if found["difference"] else []),
        f"{new / max(seconds, 1e-9):.1f} texts a second",
    ]


def known_pairs(root: Path, what: str) -> list[Pair]:
    """Returns the shop's own texts of a kind that the run has trained on; none where it has none."""
    examples = latest_artifact(root, "WritingExamples", "examples")
    return [pair for pair in load_pairs(str(examples), "train") if pair.what == what and pair.target]


def _begin(folder: Path, asked: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _ASKED_FILE
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) != asked:
        raise InputError(
            f"{folder} holds texts that were begun with another model, table or options. Remove it to begin anew, or "
            "name another file by --out."
        )
    file.write_text(json.dumps(asked, indent=2), encoding="utf-8")


def _join(folder: Path, parts: int, out: Path) -> dict[str, Any]:
    """Joins the parts to one file, counts its lines, and removes the parts."""
    by: dict[str, int] = {}
    products, differences = 0, []
    with out.open("w", encoding="utf-8", errors="surrogateescape") as joined:
        for part in range(parts):
            path = Path(part_file(str(folder), part))
            if not path.exists():  # No product has such a hash.
                continue
            with path.open(encoding="utf-8", errors="surrogateescape") as lines:
                for line in lines:
                    row = json.loads(line)
                    by[row["written_by"]] = by.get(row["written_by"], 0) + 1
                    products += row["variant"] == 0
                    differences += [row["difference"]] if "difference" in row else []
                    joined.write(line)
    shutil.rmtree(folder)
    mean = sum(differences) / len(differences) if differences else 0.0
    return {"texts": sum(by.values()), "products": products, "by": by, "difference": mean}
