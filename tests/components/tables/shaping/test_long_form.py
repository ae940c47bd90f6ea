"""Tables as well-known shops and data sets export them, through TableExampleGen on real Beam."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.tables.contract import TableOptions
from components.tables.sources import TableSource
from tests.components.tables.files.tables_on_disk import gzipped, workbook, zipped
from tests.components.tables.table_runs import TableRun, run_table

NAMES = ("user_id", "product_id", "event_type", "timestamp")


def _events(run: TableRun, *names: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[name] for name in names or NAMES) for row in run.rows()), key=repr)


def _second(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


def test_a_workbook_of_invoices(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "Online Retail.xlsx",
        [
            ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"],
            [536365, "85123A", 6, datetime(2010, 12, 1, 8, 26), 2.55, 17850.0],
            [536366, 22423, 1, datetime(2010, 12, 1, 8, 28), 3, 17850],
            [536367, "POST", 1, datetime(2010, 12, 1, 8, 34), 18, 13047],
        ],
    )
    source = TableSource(
        path=str(path),
        columns={
            "user_id": "CustomerID",
            "product_id": "StockCode",
            "timestamp": "InvoiceDate",
            "basket_id": "InvoiceNo",
            "quantity": "Quantity",
            "price": "UnitPrice",
        },
        constants={"event_type": "purchase"},
        leave_out={"StockCode": ("POST", "M")},
    )
    run = run_table(tmp_path, "events", [source])
    assert _events(run, *NAMES, "basket_id", "quantity") == [
        ("17850", "22423", "purchase", _second(2010, 12, 1, 8, 28), "536366", 1.0),
        ("17850", "85123A", "purchase", _second(2010, 12, 1, 8, 26), "536365", 6.0),
    ]
    counts = run.counts()
    assert (counts["rows"], counts["good"], counts["set_aside"]) == (3, 2, {"left_out": 1})


def test_rows_of_some_values_alone_are_kept(tmp_path: Path) -> None:
    rows = [("u1", "view", "de"), ("u2", "scroll", "de"), ("u3", " cart ", ""), ("u4", "", "de"), ("u5", "view", "at")]
    lines = [f"{user},p1,{kind},1700000000,{country}" for user, kind, country in rows]
    (tmp_path / "events.csv").write_text("\n".join(["user_id,product_id,event_type,timestamp,country", *lines]) + "\n")
    source = TableSource(
        path=str(tmp_path / "events.csv"), keep={"event_type": ("view", "cart"), "country": ("de", "")}
    )
    run = run_table(tmp_path, "events", [source])
    assert [row[0] for row in _events(run, "user_id")] == ["u1", "u3"]
    counts = run.counts()
    assert (counts["rows"], counts["good"], counts["bad"], counts["set_aside"]) == (5, 2, {}, {"left_out": 3})


def test_orders_that_lie_in_three_files(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(
        '"order_id","product_id","price"\n"o1","p1",5.9\n"o1","p2",1\n"o2","p1",6\n"o9","p1",6\n'
    )
    gzipped(
        tmp_path / "orders.csv.gz",
        b"order_id,customer_id,bought_at\no1,c1,2018-01-02 03:04:05\no2,c2,2018-02-03\no3,c1,NULL\n",
    )
    pq.write_table(pa.table({"customer": ["c1", "c2"], "unique_id": ["u7", "u8"]}), tmp_path / "customers.parquet")
    source = TableSource.model_validate(
        {
            "path": "items.csv",
            "join": [
                {"path": "orders.csv.gz", "on": "order_id"},
                {"path": "customers.parquet", "on": {"customer_id": "customer"}, "columns": ["unique_id"]},
            ],
            "columns": {"user_id": "unique_id", "timestamp": "bought_at", "basket_id": "order_id"},
            "constants": {"event_type": "purchase"},
            "missing": {"bought_at": ["NULL"]},
        }
    )
    run = run_table(tmp_path / "run", "events", [source], data=str(tmp_path))
    assert _events(run, *NAMES, "basket_id") == [
        ("u7", "p1", "purchase", _second(2018, 1, 2, 3, 4, 5), "o1"),
        ("u7", "p2", "purchase", _second(2018, 1, 2, 3, 4, 5), "o1"),
        ("u8", "p1", "purchase", _second(2018, 2, 3), "o2"),
    ]
    counts = run.counts()
    assert counts["bad"] == {"missing_user_id": 1}
    assert counts["notes"] == [
        f"1 of 4 rows of {tmp_path}/items.csv found no row in {tmp_path}/orders.csv.gz by `order_id`.",
        f"1 of 4 rows of {tmp_path}/items.csv lack `customer_id`, "
        f"so {tmp_path}/customers.parquet tells nothing of them.",
    ]
    (refused,) = run.refused()
    assert refused["detail"] == f"line 5 of {tmp_path}/items.csv"


def test_a_join_that_misses_nearly_everything_shows_keys_of_both_sides(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("order_id,product_id\n1,p1\n2,p2\n")
    (tmp_path / "orders.csv").write_text("order_id,user_id,position\n#1,a,1\n#2,b,2\n1,c,1\n")
    source = TableSource.model_validate(
        {
            "path": str(tmp_path / "items.csv"),
            "join": {"path": str(tmp_path / "orders.csv"), "on": "order_id"},
            "constants": {"event_type": "purchase"},
        }
    )
    (tmp_path / "items.csv").write_text("order_id,product_id\n" + "2,p1\n" * 9 + "1,p2\n")
    notes = run_table(tmp_path / "run", "events", [source]).counts()["notes"]
    assert len(notes) == 1
    assert notes[0].endswith("by `order_id`: keys here are such as `2`; keys there are such as `#1`, `#2`.")


def test_orders_whose_first_line_alone_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "orders_export.csv"
    path.write_text(
        "Name,Email,Paid at,Lineitem quantity,Lineitem name,Lineitem sku,\n"
        "#1001,a@x,2024-05-01 10:00:00 +0200,1,Tea,T1,\n"
        "#1001,,,2,Pot,P1,\n"
        "#1002,,2024-05-02 10:00:00 +0200,1,Tea,T1,\n"
        "#1003,b@x,2024-05-03 10:00:00 +0200,1,Tea,T1,\n"
    )
    source = TableSource(
        path=str(path),
        fill_down=("Name", "Email", "Paid at"),
        columns={"user_id": "Email", "timestamp": "Paid at", "product_id": "Lineitem sku", "basket_id": "Name"},
        constants={"event_type": "purchase"},
    )
    run = run_table(tmp_path, "events", [source])
    assert _events(run, *NAMES, "basket_id") == [
        ("a@x", "P1", "purchase", _second(2024, 5, 1, 8), "#1001"),
        ("a@x", "T1", "purchase", _second(2024, 5, 1, 8), "#1001"),
        ("b@x", "T1", "purchase", _second(2024, 5, 3, 8), "#1003"),
    ]
    assert run.counts()["bad"] == {"missing_user_id": 1}


@pytest.mark.parametrize("name", ["ga4.jsonl", "ga4.parquet"])
def test_events_with_nested_items(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "event_name": "purchase",
            "event_timestamp": 1_700_000_000,
            "user": {"pseudo_id": "u1"},
            "ecommerce": {"transaction_id": "t1"},
            "items": [{"item_id": "A", "quantity": 2}, {"item_id": "B", "quantity": None}],
        },
        {
            "event_name": "page_view",
            "event_timestamp": 1_700_000_100,
            "user": {"pseudo_id": "u1"},
            "ecommerce": None,
            "items": [],
        },
    ]
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    else:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = TableSource(
        path=str(tmp_path / name),
        explode="items",
        columns={
            "user_id": "user.pseudo_id",
            "product_id": "items.item_id",
            "quantity": "items.quantity",
            "event_type": "event_name",
            "timestamp": "event_timestamp",
            "basket_id": "ecommerce.transaction_id",
        },
    )
    run = run_table(tmp_path / "run", "events", [source])
    assert _events(run, *NAMES, "basket_id", "quantity") == [
        ("u1", "A", "purchase", 1_700_000_000, "t1", 2.0),
        ("u1", "B", "purchase", 1_700_000_000, "t1", None),
    ]
    counts = run.counts()
    assert (counts["rows"], counts["set_aside"], counts["bad"]) == (3, {"empty_list": 1}, {})


def test_products_of_three_sources_and_ids_that_mean_one_thing(tmp_path: Path) -> None:
    (tmp_path / "web.csv").write_text("product_id,title,price\nA,Tea,3\nB,Pot,9\nB,Pot,9\n")
    (tmp_path / "till.csv").write_text("code;name;price\n1;Tea;3.00\n2;Big pot;9.50\n3;Cup;\n")
    # A second row of an id is no second id.
    (tmp_path / "market.csv").write_text("product_id,title\nA,Tee\nA,Thé\nC9,Spoon\n")
    (tmp_path / "same.csv").write_text("from,to\n1,X\nX,A\n2,B\n3,C\n")
    till = {
        "path": "till.csv",
        "source": "till",
        "columns": {"product_id": "code", "title": "name"},
        "same_ids": {"product_id": "same.csv"},
    }
    sources = [
        TableSource.model_validate(each).at(str(tmp_path))
        for each in ({"path": "web.csv", "source": "web"}, till, {"path": "market.csv", "source": "market"})
    ]
    options = TableOptions(categorical_columns=("source",))
    run = run_table(tmp_path / "run", "products", sources, options)
    assert _events(run, "product_id", "title", "source") == [
        ("A", "Tea", "web"),
        ("B", "Pot", "web"),
        ("C", "Cup", "till"),
        ("C9", "Spoon", "market"),
    ]
    counts = run.counts()
    assert counts["rows"] == 9
    assert counts["bad"] == {"duplicate_product_id": 1}
    assert counts["set_aside"] == {"same_product_id_in_another_source": 4}
    assert f"3 values of `product_id` in {tmp_path}/till.csv were replaced" in counts["notes"][0]
    differ = "of the ids in `product_id`, sources give different values of"
    assert f"For 2 {differ} `title`, such as for `A`, `B`;" in counts["notes"][1]
    assert f"For 1 {differ} `price`, such as for `B`;" in counts["notes"][2]
    assert len(counts["notes"]) == 3


def test_rows_that_were_spread_by_a_join_are_duplicates_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.tables.shaping.joined_columns._BUCKET_BYTES", 200)
    keys = [f"k{row}" for row in range(60)]
    (tmp_path / "p.csv").write_text(
        "product_id,key,price\n" + "".join(f"P{n % 20},{k},{n}\n" for n, k in enumerate(keys))
    )
    (tmp_path / "titles.csv").write_text("key,title\n" + "".join(f"{key},title of {key}\n" for key in keys))
    source = TableSource.model_validate(
        {"path": str(tmp_path / "p.csv"), "join": {"path": str(tmp_path / "titles.csv"), "on": "key"}}
    )
    run = run_table(tmp_path / "run", "products", [source])
    assert _events(run, "product_id", "title") == sorted((f"P{n}", f"title of k{n}") for n in range(20))
    assert run.counts()["bad"] == {"duplicate_product_id": 40}


def test_a_broken_row_shows_no_user_id(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    row = {"user": {"id": "secret@x"}, "sku": ["A"], "kind": "view", "position": 1}
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"sku": "B"}) + "\n")
    source = TableSource(path=str(path), columns={"user_id": "user.id", "product_id": "sku", "event_type": "kind"})
    run = run_table(tmp_path / "run", "events", [source])
    (refused,) = run.refused()
    assert refused["reason"] == "product_id_not_a_string"
    assert refused["row"]["user_id"].startswith("user-")
    assert "secret" not in json.dumps(refused)


def test_a_broken_row_of_an_exploded_list_shows_no_user_id(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    row = {"user": {"id": "secret@x"}, "items": "[", "kind": "view", "position": 1}
    good = row | {"items": [{"sku": "A"}]}
    path.write_text("".join(json.dumps(each) + "\n" for each in (row, good)))
    columns = {"user_id": "user.id", "product_id": "items.sku", "event_type": "kind"}
    run = run_table(tmp_path / "run", "events", [TableSource(path=str(path), explode="items", columns=columns)])
    (refused,) = run.refused()
    assert refused["row"]["user_id"].startswith("user-")
    assert "secret" not in json.dumps(refused)


def test_a_zip_of_another_separator_with_constants_and_missing_values(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"p.txt": "sku|name|cost\n1|Käse|n/a\n2|-|2,5\n".encode("windows-1252")})
    source = TableSource(
        path=str(path),
        encoding="windows-1252",
        columns={"product_id": "sku", "title": "name", "price": "cost"},
        constants={"in_stock": True, "category": "Food", "rating": 4.5},
        missing={"cost": ("n/a",), "name": ("-",)},
        decimal=",",
    )
    run = run_table(tmp_path / "run", "products", [source])
    (row,) = run.rows()
    expected = {"product_id": "1", "title": "Käse", "price": None, "in_stock": 1, "category": "Food", "rating": 4.5}
    assert {name: row[name] for name in expected} == expected
    assert run.counts()["bad"] == {"missing_title": 1}


def test_a_row_without_a_list_shows_no_user_id(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    row = {"user": {"id": "secret@x"}, "items": [{"id": "A"}], "event_type": "view", "position": 1}
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"items": "7"}) + "\n")
    source = TableSource(path=str(path), explode="items", columns={"user_id": "user.id", "product_id": "items.id"})
    (refused,) = run_table(tmp_path / "run", "events", [source]).refused()
    assert refused["reason"] == "items_not_a_list"
    assert refused["row"]["user_id"].startswith("user-")
    assert "secret" not in json.dumps(refused)


def test_columns_that_change_names_in_a_broken_row(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    rows = [{"product_id": "Tea", "title": "T1"}, {"product_id": ["Pot"], "title": "P1"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = TableSource(path=str(path), columns={"product_id": "title", "title": "product_id"})
    run = run_table(tmp_path / "run", "products", [source])
    assert _events(run, "product_id", "title") == [("T1", "Tea")]
    (refused,) = run.refused()
    assert (refused["reason"], refused["row"]) == ("title_not_a_string", {"product_id": "P1", "title": ["Pot"]})
