"""What is read of a table is settled, and mistakes are named, before a row is read."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.shaping.plan import SourcePlan, TablePlan
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.sources import TableSource

ORDERS = "InvoiceNo;StockCode;CustomerID;InvoiceDate;Country\n1;2;3;2010-12-01;UK\n"
COLUMNS = {"user_id": "CustomerID", "product_id": "StockCode", "timestamp": "InvoiceDate"}
LONG: dict[str, Any] = {"path": "orders.csv", "columns": COLUMNS, "constants": {"event_type": "purchase"}}


def _plan(folder: Path, *sources: dict[str, Any], table: str = "events", **options: Any) -> TablePlan:
    given = [TableSource.model_validate(source).at(str(folder)) for source in sources]
    return plan_table(TABLES[table], TableOptions(**options), given)


def _refused(folder: Path, source: dict[str, Any], table: str = "events") -> str:
    with pytest.raises(InputError) as raised:
        _plan(folder, source, table=table)
    return str(raised.value).replace(f"{folder}/", "")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with orders, and customers that belong to them."""
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "customers.csv").write_text("id,Age,Country\n3,44,UK\n")
    return tmp_path


def _read(plan: SourcePlan) -> list[str]:
    return [column.name for column in plan.columns]


def test_only_what_is_asked_for_is_read(shop: Path) -> None:
    plan = _plan(shop, LONG)
    (source,) = plan.sources
    assert _read(source) == ["CustomerID", "StockCode", "InvoiceDate"]
    assert [column.name for column in plan.present] == ["user_id", "product_id", "event_type", "timestamp"]
    join = {"path": "customers.csv", "on": {"CustomerID": "id"}}
    (source,) = _plan(shop, LONG | {"join": join}, categorical_columns=("Age", "Country")).sources
    assert _read(source) == ["CustomerID", "StockCode", "InvoiceDate", "Country"]
    assert [column.name for column in source.joins[0].columns] == ["Age"]


def test_a_column_that_is_renamed_is_no_longer_what_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("product_id,title,price\n1,x,y\n")
    (source,) = _plan(tmp_path, {"path": "p.csv", "columns": {"title": "price"}}, table="products").sources
    assert dict(source.names) == {"product_id": "product_id", "title": "price"}


def test_files_of_later_sources_come_later(shop: Path) -> None:
    (shop / "till").mkdir()
    for number, name in enumerate(("b.csv", "a.csv")):
        (shop / "till" / name).write_text(ORDERS + "\n" * number)
    plan = _plan(shop, LONG, LONG | {"path": "till"})
    assert [[file.index for file in source.files] for source in plan.sources] == [[0], [1, 2]]


def test_a_file_that_is_delivered_twice_is_read_once(shop: Path) -> None:
    (shop / "till").mkdir()
    for name in ("a.csv", "b.csv"):
        (shop / "till" / name).write_text(ORDERS)
    (source,) = _plan(shop, LONG | {"path": "till"}).sources
    assert [Path(file.path).name for file in source.files] == ["a.csv"]
    assert [tuple(Path(path).name for path in pair) for pair in source.repeated] == [("b.csv", "a.csv")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"columns": COLUMNS | {"user_id": "CustomrID"}},
            "has no column `CustomrID`, which `columns` names; it has `InvoiceNo`, `StockCode`, `CustomerID`, "
            "`InvoiceDate`, `Country`. Is `CustomerID` meant? Mend `columns`.",
        ),
        ({"columns": {"timestamp": "InvoiceDate"}}, "lacks columns `user_id`, `product_id`; it has `InvoiceNo`"),
        ({"columns": COLUMNS | {"bascet_id": "InvoiceNo"}}, "no column `bascet_id`, which `columns` names. Is `bask"),
        ({"constants": {"event_typ": "x"}}, "no column `event_typ`, which `constants` names. Is `event_type` meant?"),
        ({"fill_down": ["Customer"]}, "no column `Customer`, which `fill_down` names"),
        ({"leave_out": {"Cuntry": ["UK"]}}, "no column `Cuntry`, which `leave_out` names"),
        ({"keep": {"Cuntry": ["UK"]}}, "no column `Cuntry`, which `keep` names"),
        ({"missing": {"Cuntry": ["UK"]}}, "no column `Cuntry`, which `missing` names"),
        ({"explode": "items"}, "no column `items`, which `explode` names"),
        ({"same_ids": {"prodct_id": "customers.csv"}}, "no column `prodct_id`, which `same_ids` names"),
        ({"same_ids": {"product_id": "customers.csv"}}, "`customers.csv` has no column `from`, which `same_ids` names"),
        ({"join": {"path": "customers.csv", "on": "id"}}, "`orders.csv` has no column `id`, which `join.on` names"),
        ({"join": {"path": "customers.csv", "on": "Country", "columns": ["Aeg"]}}, "no column `Aeg`, which `join` nam"),
        ({"join": {"path": "nowhere.csv", "on": "Country"}}, "nothing is at `nowhere.csv`"),
        ({"columns": COLUMNS | {"shop": "Country"}}, "no column `shop`, which `columns` names. It has `user_id`"),
        ({"constants": {"event_type": "purchase", "colour": "red"}}, "no column `colour`, which `constants` names. It"),
        ({"same_ids": {"ean": "customers.csv"}}, "no column `ean`, which `same_ids` names. It has"),
        ({"same_ids": {"basket_id": "customers.csv"}}, "orders.csv` has no column `basket_id`, which `same_ids` names"),
        ({"repeats": "merged"}, "Table `events`: rows may repeat there. Leave `repeats` out."),
        ({"explode": "items", "columns": {}}, "no column `items`, which `explode` names"),
        ({"separator": ","}, "it has `InvoiceNo;StockCode;CustomerID;InvoiceDate;Country`"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message(shop: Path, change: dict[str, Any], message: str) -> None:
    assert message in _refused(shop, LONG | change)


def test_a_column_that_is_there_twice_matters_only_where_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("product_id,title,note,note,,\n1,x,y,z,,\n")
    _plan(tmp_path, {"path": "p.csv"}, table="products")
    change = {"path": "p.csv", "columns": {"description": "note"}}
    assert "column `note` more than once" in _refused(tmp_path, change, "products")


def test_types_and_names_inside_parquet(tmp_path: Path) -> None:
    row = {"user": {"id": "u"}, "sku": ["A"], "kind": "view", "n": 1, "items": [{"id": "A", "tags": ["x"]}]}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "e.parquet")
    columns = {"user_id": "user.id", "event_type": "kind", "position": "n"}
    source = {"path": "e.parquet", "explode": "items", "columns": columns | {"product_id": "items.id"}}
    (plan,) = _plan(tmp_path, source).sources
    assert _read(plan) == ["user.id", "kind", "n", "items"]
    assert [column.name for column in plan.items] == ["items.id"]
    wrong = _refused(tmp_path, source | {"columns": columns | {"product_id": "items.idd"}})
    assert "no column `items.idd`" in wrong
    assert "Is `items.id` meant?" in wrong
    wrong = _refused(tmp_path, source | {"columns": columns | {"product_id": "items.tags"}})
    assert "column `items.tags` of `e.parquet` is list<" in wrong
    assert "expected string" in wrong


def test_keys_that_the_first_lines_of_json_lack(tmp_path: Path) -> None:
    row = {"user_id": "u", "product_id": "p", "event_type": "view", "position": 1, "context": {"page": "home"}}
    (tmp_path / "e.jsonl").write_text(json.dumps(row) + "\n")
    source = {"path": "e.jsonl", "columns": {"basket_id": "transaction.id", "query": "context.search"}}
    (plan,) = _plan(tmp_path, source).sources
    assert {"transaction.id", "context.search"} <= set(_read(plan))
    slip = {"path": "e.jsonl", "columns": {"query": "context.pages"}}
    assert "Is `context.page` meant?" in _refused(tmp_path, slip)


def test_buckets_follow_the_size_of_the_files(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = LONG | {"join": {"path": "customers.csv", "on": {"CustomerID": "id"}}}
    assert _plan(shop, source).sources[0].joins[0].buckets == 1
    monkeypatch.setattr("components.tables.shaping.joined_columns._BUCKET_BYTES", 10)
    size_bytes = sum((shop / name).stat().st_size for name in ("orders.csv", "customers.csv"))
    assert _plan(shop, source).sources[0].joins[0].buckets == -(-size_bytes // 10)


def test_guests_are_of_events_alone(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("product_id,title\n1,x\n")
    assert "`guests` is for tables with a `basket_id`" in _refused(
        tmp_path, {"path": "p.csv", "guests": "baskets"}, "products"
    )


def test_an_older_file_may_lack_columns_that_are_renamed_left_out_or_marked(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("product_id,title\n1,x\n")
    (tmp_path / "b.csv").write_text("product_id,title,cost,state\n2,y,NULL,live\n3,z,2.5,gone\n4,w,3.5,live\n")
    source = {
        "path": "*.csv",
        "columns": {"price": "cost"},
        "leave_out": {"state": ["gone"]},
        "missing": {"cost": ["NULL"]},
    }
    rows = [
        row
        for batch in read_table(_plan(tmp_path, source, table="products"))
        for row in pa.Table.from_batches([batch.batch]).to_pylist()
    ]
    found = [(row["product_id"], row.get("price")) for row in rows]
    assert found == [("1", None), ("2", None), ("4", "3.5")]
    nowhere = _refused(tmp_path, source | {"columns": {"price": "costs"}}, "products")
    assert "has no column `costs`, which `columns` names" in nowhere
    needed = _refused(tmp_path, source | {"columns": {"title": "state"}}, "products")
    assert "`a.csv` has no column `state`, which `columns` names" in needed


def test_a_column_that_some_files_have_and_others_join(shop: Path) -> None:
    (shop / "orders").mkdir()
    (shop / "orders" / "a.csv").write_text(ORDERS)
    (shop / "orders" / "b.csv").write_text(ORDERS.replace("Country", "Age").replace("UK", "55"))
    join: dict[str, Any] = {"path": "customers.csv", "on": {"CustomerID": "id"}}
    source = LONG | {"path": "orders", "join": join}
    _plan(shop, source)
    with pytest.raises(
        InputError, match=r"orders/b\.csv` has a column `Age` of its own, and `.*orders/a\.csv` takes it"
    ):
        _plan(shop, source, categorical_columns=("Age",))
    (plan,) = _plan(shop, source | {"join": join | {"columns": ["Age"]}}, categorical_columns=("Age",)).sources
    assert [column.name for column in plan.joins[0].columns] == ["Age"]
    assert "Age" not in _read(plan)


def test_types_of_what_is_joined(shop: Path) -> None:
    join = {"path": "more.parquet", "on": {"CustomerID": "id"}, "columns": ["when"]}
    source = LONG | {"join": join, "columns": COLUMNS | {"timestamp": "when"}}
    pq.write_table(pa.table({"id": ["3"], "when": [["2020-01-01"]]}), shop / "more.parquet")
    assert "column `when` of `more.parquet` is list<" in _refused(shop, source)
    pq.write_table(pa.table({"id": [["3"]], "when": ["2020-01-01"]}), shop / "more.parquet")
    assert "column `id` of `more.parquet` is list<" in _refused(shop, source)


@pytest.mark.parametrize(
    ("items", "column", "message"),
    [
        (pa.array([[("id", "A")]], pa.map_(pa.string(), pa.string())), "items.id", "which `explode` names, is map<"),
        (pa.array([7]), "items.id", "which `explode` names, is integer; expected a list of items, one item, or JSON"),
        (pa.array([[7]]), "items.id", "has no column `items.id`, which `columns` names; it has `user_id`, `position`."),
        (pa.array([[{"id": "A"}]]), "items", "`columns` names; it has `user_id`, `position`, `items.id`. Is `items."),
        (pa.array([[[("id", "A")]]], pa.list_(pa.map_(pa.string(), pa.string()))), "items", "column `items` of `e.pa"),
        (pa.array([{"id": ["A"]}]), "items.id", "column `items.id` of `e.parquet` is list<"),
    ],
)  # fmt: skip
def test_what_cannot_be_exploded(tmp_path: Path, items: pa.Array, column: str, message: str) -> None:
    pq.write_table(pa.table({"user_id": ["u"], "position": [1], "items": items}), tmp_path / "e.parquet")
    source = {"path": "e.parquet", "explode": "items", "columns": {"product_id": column}}
    assert message in _refused(tmp_path, source | {"constants": {"event_type": "view"}})


def test_a_column_that_only_later_lines_of_json_have(tmp_path: Path) -> None:
    row: dict[str, Any] = {"user_id": "u", "product_id": "p", "event_type": "view", "position": 1}
    lines = [json.dumps(row) + "\n"] * 1_100 + [json.dumps(row | {"price": 2.5}) + "\n"]
    (tmp_path / "e.jsonl").write_text("".join(lines))
    plan = _plan(tmp_path, {"path": "e.jsonl"})
    (batch,) = read_table(plan)
    assert batch.batch.column("price").to_pylist() == [None] * 1_100 + [2.5]
    assert "timestamp" not in plan.sources[0].present
