"""Tables through TFX's own StatisticsGen, ExampleValidator and Transform to the gate, with the curated schemas."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow_transform as tft
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.components.example_validator.executor import Executor as ExampleValidatorExecutor
from tfx.components.schema_gen.import_schema_gen.executor import Executor as ImportSchemaExecutor
from tfx.components.statistics_gen.executor import Executor as StatisticsGenExecutor
from tfx.components.transform.executor import Executor as TransformExecutor
from tfx.proto import transform_pb2
from tfx.types import Artifact, Channel, standard_artifacts
from tfx.utils import proto_utils

from components.artifacts import DataApproval, Quarantine
from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.data_gate import DataGate, DataGateExecutor, find_anomalies
from components.tables.drift.options import DriftOptions
from components.tables.notes.constant_columns import telling_columns
from components.tables.schema import extend_schema
from components.tables.sources import TableSource
from tests.components.tables.table_runs import TableRun, beam_context, run_table

SCHEMAS = Path(__file__).parents[3] / "tfx_pipeline" / "schemas"
KINDS = {
    "string": "BYTES",
    "category": "BYTES",
    "float": "FLOAT",
    "vector": "FLOAT",
    "integer": "INT",
    "boolean": "INT",
    "timestamp": "INT",
}


def _artifact(artifact: Artifact, uri: Path) -> Artifact:
    artifact.uri = str(uri)
    return artifact


def _schema(table: str) -> schema_pb2.Schema:
    return text_format.Parse((SCHEMAS / f"{table}.pbtxt").read_text(), schema_pb2.Schema())


def _judge(
    folder: Path,
    run: TableRun,
    limit: float = 0.01,
    telling: Sequence[str] = (),
    plain_user_ids: bool = False,
    earlier: str = "",
    drift: DriftOptions = DriftOptions(),  # noqa: B008
) -> dict[str, Any]:
    """Runs the nodes that follow TableExampleGen; returns the approval, or lets the gate's error through."""
    statistics = _artifact(standard_artifacts.ExampleStatistics(), folder / "statistics")
    schema = _artifact(standard_artifacts.Schema(), folder / "schema")
    anomalies = _artifact(standard_artifacts.ExampleAnomalies(), folder / "anomalies")
    approval = _artifact(DataApproval(), folder / "approval")
    StatisticsGenExecutor(beam_context(folder)).Do({"examples": [run.examples]}, {"statistics": [statistics]}, {})
    schema_file = str(SCHEMAS / f"{run.table}.pbtxt")
    ImportSchemaExecutor().Do({}, {"schema": [schema]}, {"schema_file": schema_file})
    ExampleValidatorExecutor().Do({"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, {})
    DataGateExecutor().Do(
        {"anomalies": [anomalies], "statistics": [statistics], "quarantine": [run.quarantine]},
        {"approval": [approval]},
        {
            "table": run.table,
            "max_bad_fraction": limit,
            "telling_columns": json.dumps(telling),
            "own_names": "{}",
            "plain_user_ids": int(plain_user_ids),
            "earlier_statistics": earlier,
            "drift_json": drift.model_dump_json(),
            "source_digest": "",
        },
    )
    found: dict[str, Any] = json.loads((folder / "approval" / "approval.json").read_text())
    return found


def _products(folder: Path, rows: int, negative: int) -> TableRun:
    prices = [-1.0] * negative + [None] * (rows - negative - 1) + [2.5]
    ids = [f"p{index}" for index in range(rows)]
    path = folder / "p.parquet"
    pq.write_table(pa.table({"product_id": ids, "title": ids, "price": prices, "hue": ids}), path)
    return run_table(folder, "products", path, TableOptions(categorical_columns=("hue",)))


@pytest.mark.parametrize("table", sorted(TABLES))
def test_schemas_follow_the_contract(table: str) -> None:
    schema = _schema(table)
    contract = TABLES[table]
    assert [feature.name for feature in schema.feature] == list(contract.column_names)
    for feature, column in zip(schema.feature, (each for each in contract.columns if each.kept), strict=True):
        assert schema_pb2.FeatureType.Name(feature.type) == KINDS[column.kind]
        # Some events may be of guests, but not all.
        may_lack = (table, column.name) == ("events", "user_id")
        assert feature.presence.min_fraction == (1.0 if column.required and not may_lack else 0.0)
        assert feature.presence.min_count == int(column.required)


def test_extra_columns_come_last() -> None:
    options = TableOptions(numeric_columns=("age",), categorical_columns=("hue", "brand"))
    extended = extend_schema(_schema("products"), TABLES["products"], options)
    assert [feature.name for feature in extended.feature][-2:] == ["age", "hue"]
    assert [feature.type for feature in extended.feature][-2:] == [schema_pb2.FLOAT, schema_pb2.BYTES]


def test_lets_a_good_table_through(tmp_path: Path) -> None:
    """Mostly without prices, with an extra column, and with as many bad rows as the limit allows."""
    approval = _judge(tmp_path, _products(tmp_path, rows=100, negative=1))
    assert approval == {
        "table": "products",
        "rows": 100,
        "good": 99,
        "bad": {"negative_price": 1},
        "bad_fraction": 0.01,
        "max_bad_fraction": 0.01,
        "notes": [],
        "drift": [],
    }


def test_stops_at_too_many_bad_rows(tmp_path: Path) -> None:
    run = _products(tmp_path, rows=100, negative=2)
    with pytest.raises(InputError) as raised:
        _judge(tmp_path, run)
    assert str(raised.value) == (
        "Table `products` is refused: 2 of 100 rows are bad (2.00%, the limit is 1.00%): negative_price (2). "
        f"Seen: `-1.0` (first on row 1 of {tmp_path}/p.parquet); expected 0 or more. "
        f"The rows and their reasons are in {run.quarantine.uri}/quarantine-*.jsonl. "
        "Correct the table, or raise `max_bad_fraction`."
    )
    assert not (tmp_path / "approval" / "approval.json").exists()


def test_event_types_that_are_not_known_are_named_with_their_key(tmp_path: Path) -> None:
    """As where a task keeps to purchases, and the table has views too."""
    kinds = ["purchase"] * 7 + ["view"] * 5 + ["", "stare"]
    rows = "".join(f"u,p,{kind},{position}\n" for position, kind in enumerate(kinds))
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,position\n" + rows)
    run = run_table(tmp_path, "events", tmp_path / "e.csv", TableOptions(event_types=("purchase",)))
    with pytest.raises(InputError) as raised:
        _judge(tmp_path, run)
    assert (
        "7 of 14 rows are bad (50.00%, the limit is 1.00%): unknown_event_type (6), missing_event_type (1). "
        "Unknown as event types are `view`, `stare`: if they are right, add them to the task's `event_types`. "
        f"missing_event_type: first on line 14 of {tmp_path}/e.csv; expected a value in each row. The rows"
    ) in str(raised.value)


def test_a_table_of_unknown_event_types_alone_names_them(tmp_path: Path) -> None:
    rows = "".join(f"u,p,kind {number},1\n" for number in range(7))
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,position\n" + rows)
    with pytest.raises(InputError, match=r"unknown_event_type \(7\)\. Unknown .* `kind 4`, …: if they are right, add"):
        run_table(tmp_path, "events", tmp_path / "e.csv", TableOptions(event_types=("purchase",)))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("events", "user_id,product_id,event_type,position\nu,p,view,1\n"),
        ("events", "user_id,product_id,event_type,timestamp,query\nu,p,view,2024-01-01,\nu,p,cart,5,shoes\n"),
        ("judgements", "query,product_id,relevance\nq,p,0\nq,r,1\n"),
        ("texts", "text,label\nt,l\n"),
        ("users", "user_id,segment\nu,\n"),
    ],
)
def test_lets_each_table_through(tmp_path: Path, table: str, row: str) -> None:
    (tmp_path / "t.csv").write_text(row)
    assert _judge(tmp_path, run_table(tmp_path, table, tmp_path / "t.csv"))["bad"] == {}


def test_returns_and_guests_are_no_bad_rows(tmp_path: Path) -> None:
    rows = ["u,p,purchase,1,7,2", ",p,purchase,2,8,1", ",q,purchase,3,8,1", "u,p,purchase,4,9,-2", "u,q,purchase,5,9,1"]
    (tmp_path / "e.csv").write_text("\n".join(["user_id,product_id,event_type,position,basket_id,quantity", *rows]))
    run = run_table(tmp_path, "events", tmp_path / "e.csv", source=TableSource(path="", guests="baskets"))
    approval = _judge(tmp_path, run, limit=0.0)
    assert (approval["rows"], approval["good"], approval["bad"], approval["bad_fraction"]) == (5, 3, {}, 0.0)
    assert run.counts()["set_aside"] == {"return": 1, "cancelled": 1}


def test_rows_without_a_user_are_told_what_guests_are(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,position\nu,p,view,1\n,p,view,2\n")
    run = run_table(tmp_path, "events", tmp_path / "e.csv")
    with pytest.raises(InputError, match=r"missing_user_id \(1\)\. First on line 3 .*, say `guests: baskets` beside"):
        _judge(tmp_path, run)


def test_stops_at_an_anomaly(tmp_path: Path) -> None:
    """Examples that TableExampleGen would not write: a relevance of 2."""
    (tmp_path / "j.csv").write_text("query,product_id,relevance\nq,p,1\n")
    run = run_table(tmp_path, "judgements", tmp_path / "j.csv")
    (path,) = Path(run.examples.uri).glob("Split-all/data-*.parquet")
    examples = pq.read_table(path)
    pq.write_table(
        examples.set_column(2, examples.schema.field(2), pa.array([[2.0]], examples.schema.field(2).type)), path
    )
    with pytest.raises(InputError, match=r"Table `judgements` is refused: column `relevance`: .*"):
        _judge(tmp_path, run)


def test_notices_lost_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\nt,l\nu,m\n")
    run = run_table(tmp_path, "texts", tmp_path / "t.csv")
    (path,) = Path(run.examples.uri).glob("Split-all/data-*.parquet")
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    with pytest.raises(RuntimeError, match="2 rows that were found good, got 1"):
        _judge(tmp_path, run)


def test_columns_that_say_the_same_in_every_row_are_noted(tmp_path: Path) -> None:
    rows = 24
    columns = {
        "title": ["tea"] * rows,
        "brand": ["x"] * (rows - 1) + [None],
        "category": ["a"] * (rows - 1) + ["b"],
        "price": [2.5] * rows,
        "weight": [None] * rows,
        "size": [0.0] * (rows - 1) + [1.0],
        "hue": ["r" * 50] * rows,
        "unseen": ["same"] * rows,
    }
    ids = [f"p{number}" for number in range(rows)]
    path = tmp_path / "p.parquet"
    options = TableOptions(numeric_columns=("weight", "size"), categorical_columns=("hue", "unseen"))
    telling = telling_columns("products", options, [TableSource(path="p", constants={"unseen": "same"})])
    pq.write_table(pa.table({"product_id": ids, **columns}), path)
    assert _judge(tmp_path, run_table(tmp_path, "products", path, options), telling=telling)["notes"] == [
        "Column `title` of table `products` is `tea` in all 24 rows, so it tells no row from another.",
        "Column `price` of table `products` is `2.5` in all 24 rows, so it tells no row from another.",
        "Column `weight` of table `products` has no value in any of its 24 rows.",
        f"Column `hue` of table `products` is `{'r' * 39}…` in all 24 rows, so it tells no row from another.",
    ]


@pytest.mark.parametrize(("plain", "shown"), [(False, "whose id is written like `Aaaa-9`."), (True, "`Till-7`.")])
def test_ids_with_more_events_than_a_shopper_has_are_noted(tmp_path: Path, plain: bool, shown: str) -> None:
    rows = "u-1,p,view,1\n" * 3 + "NULL,p,view,1\n" * 2 + "Till-7,p,view,1\n" * 7
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,position\n" + rows)
    run = run_table(tmp_path, "events", tmp_path / "e.csv")
    till, nobody = _judge(tmp_path, run, plain_user_ids=plain)["notes"]
    assert till.startswith(f"Table `events`: 7 of 12 events (58.3%) are of one user, {shown}")
    assert nobody.startswith("Table `events`: 2 of 12 events (16.7%) are of one user, `NULL`, which is what many tools")


def test_new_columns_and_warnings_are_no_anomalies() -> None:
    info = anomalies_pb2.AnomalyInfo
    anomalies = anomalies_pb2.Anomalies(
        anomaly_info={
            "new": info(severity=info.ERROR, reason=[info.Reason(type=info.SCHEMA_NEW_COLUMN, description="New.")]),
            "odd": info(
                severity=info.WARNING, reason=[info.Reason(type=info.FLOAT_TYPE_BIG_FLOAT, description="Big.")]
            ),
            "bad": info(severity=info.ERROR, reason=[info.Reason(type=info.FLOAT_TYPE_BIG_FLOAT, description="Big.")]),
        }
    )
    assert find_anomalies(anomalies) == ["column `bad`: Big."]


def preprocess(inputs: dict[str, Any]) -> dict[str, Any]:
    """Transforms a number, a category and an extra column."""
    return {
        "price_xf": tft.scale_to_z_score(inputs["price"]),
        "category_xf": tft.compute_and_apply_vocabulary(inputs["category"]),
        "hue_xf": tft.compute_and_apply_vocabulary(inputs["hue"]),
        "product_id": inputs["product_id"],
    }


def test_transform_reads_the_examples(tmp_path: Path) -> None:
    ids = ["a", "b", "line\nbreak"]
    products = pa.table({"product_id": ids, "title": ids, "price": [1.0, None, 3.0], "hue": ["r", "r", None]})
    pq.write_table(products, tmp_path / "p.parquet")
    options = TableOptions(categorical_columns=("hue",))
    run = run_table(tmp_path, "products", tmp_path / "p.parquet", options)
    schema = extend_schema(_schema("products"), TABLES["products"], options)
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    outputs = {
        "transform_graph": [_artifact(standard_artifacts.TransformGraph(), tmp_path / "graph")],
        "transformed_examples": [_artifact(standard_artifacts.Examples(), tmp_path / "transformed")],
        "updated_analyzer_cache": [_artifact(standard_artifacts.TransformCache(), tmp_path / "cache")],
    }
    splits = transform_pb2.SplitsConfig(analyze=["all"], transform=["all"])
    TransformExecutor(beam_context(tmp_path)).Do(
        {"examples": [run.examples], "schema": [_artifact(standard_artifacts.Schema(), tmp_path / "schema")]},
        outputs,
        {
            "preprocessing_fn": f"{__name__}.preprocess",
            "force_tf_compat_v1": 0,
            "disable_statistics": 1,
            "splits_config": proto_utils.proto_to_json(splits),
            "custom_config": "null",
        },
    )
    (path,) = (tmp_path / "transformed" / "Split-all").glob("*.parquet")
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: row["product_id"])
    assert [row["product_id"] for row in rows] == [[name.encode()] for name in ids]
    assert [row["price_xf"] for row in rows] == [[-1.0], [], [1.0]]
    assert [row["hue_xf"] for row in rows] == [[0], [0], []]


def test_the_component_has_primitive_parameters_only() -> None:
    node = DataGate(
        anomalies=Channel(type=standard_artifacts.ExampleAnomalies),
        statistics=Channel(type=standard_artifacts.ExampleStatistics),
        quarantine=Channel(type=Quarantine),
        table="products",
        max_bad_fraction=0.01,
        telling_columns=["price", "hue"],
        own_names={"user_id": ["client"]},
        plain_user_ids=False,
        drift=DriftOptions(action="off"),
        source_digest="s",
    )
    assert node.exec_properties == {
        "table": "products",
        "max_bad_fraction": 0.01,
        "telling_columns": '["price", "hue"]',
        "own_names": '{"user_id": ["client"]}',
        "plain_user_ids": 0,
        "earlier_statistics": "",
        "drift_json": DriftOptions(action="off").model_dump_json(),
        "source_digest": "s",
    }
    assert node.outputs["approval"].type is DataApproval


def test_a_table_that_has_moved_since_the_last_run_is_noted_or_refused(tmp_path: Path) -> None:
    def products(folder: Path, price: float) -> TableRun:
        ids = [f"p{index}" for index in range(400)]
        folder.mkdir()
        table = pa.table({"product_id": ids, "title": ids, "price": [price * (1 + row / 400) for row in range(400)]})
        pq.write_table(table, folder / "p.parquet")
        return run_table(folder, "products", folder / "p.parquet")

    first, second = (products(tmp_path / name, price) for name, price in (("first", 1.0), ("second", 1.5)))
    assert _judge(tmp_path / "first", first)["drift"] == []
    earlier = str(tmp_path / "first" / "statistics")
    found = _judge(tmp_path / "second", second, earlier=earlier)
    assert [(each["column"], each["measure"]) for each in found["drift"] if each["too_far"]] == [("price", "numbers")]
    (note,) = (note for note in found["notes"] if "changed" in note)
    assert note.startswith("Table `products`: column `price` has changed since the last run: its median is 2.2")
    assert note.endswith(" before, +50%).")
    (tmp_path / "stopped").mkdir()
    with pytest.raises(InputError, match=r"`price` has changed .* run once with `drift.action: warn`"):
        _judge(tmp_path / "stopped", second, earlier=earlier, drift=DriftOptions(action="stop"))
