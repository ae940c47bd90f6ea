"""Orders as a till writes them, with returns, cancelled invoices and guests, through TableExampleGen and to baskets."""

import csv
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.rules.options import RulesOptions
from components.tables.contract import TableOptions
from components.tables.sources import TableSource
from tests.components.rules.rules_runs import EVERY_RULE, catalogue_artifact, mine
from tests.components.tables.table_runs import TableRun, run_table

DAY = 86_400
COLUMNS = ("basket_id", "user_id", "product_id", "quantity", "price", "timestamp")
GUESTS_ARE_BASKETS = TableSource(path="", guests="baskets")

ORDERS = [
    # Ada buys twice, and gives back three mugs, which the second order has, and a pot that she never bought.
    ("536365", "ada", "mug", "6", "2.5", "1"),
    ("536365", "ada", "pot", "1", "8", "1"),
    ("536370", "ada", "mug", "5", "2.5", "3"),
    ("C536379", "ada", "mug", "-3", "2.5", "4"),
    ("C536380", "ada", "kettle", "-1", "9", "4"),
    # Bob gives all of it back, and buys it again later.
    ("536366", "bob", "mug", "2", "2.5", "1"),
    ("536366", "bob", "pot", "1", "8", "1"),
    ("C536381", "bob", "mug", "-2", "2.5", "2"),
    ("536390", "bob", "mug", "1", "2.5", "5"),
    # A cancelled invoice whose quantity is not negative.
    ("c536391", "bob", "pot", "1", "8", "6"),
    # Two guests; what one of them gives back cannot be told from what others do.
    ("536371", "", "mug", "1", "2.5", "2"),
    ("536371", "", "pot", "1", "8", "2"),
    ("536372", "", "pot", "4", "8", "2"),
    ("C536373", "", "pot", "-4", "8", "3"),
    # No user and no basket.
    ("", "", "mug", "1", "2.5", "2"),
]


def write_orders(path: Path, orders: list[tuple[str, ...]], **constants: str) -> Path:
    """Writes orders as a CSV file of purchases."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "event_type", *constants))
        for *columns, day in orders:
            writer.writerow((*columns, int(day) * DAY, "purchase", *constants.values()))
    return path


def kept(run: TableRun) -> list[tuple[Any, ...]]:
    """What is left of the orders: user, product, pieces and day."""
    rows = [(row["user_id"], row["product_id"], row["quantity"], row["timestamp"] // DAY) for row in run.rows()]
    return sorted(rows, key=repr)


def test_returns_cancel_what_was_bought_and_guests_are_baskets(tmp_path: Path) -> None:
    run = run_table(tmp_path, "events", write_orders(tmp_path / "e.csv", ORDERS), source=GUESTS_ARE_BASKETS)
    assert kept(run) == [
        ("ada", "mug", 2.0, 3),
        ("ada", "mug", 6.0, 1),
        ("ada", "pot", 1.0, 1),
        ("bob", "mug", 1.0, 5),
        (None, "mug", 1.0, 2),
        (None, "pot", 1.0, 2),
        (None, "pot", 4.0, 2),
    ]
    counts = run.counts()
    assert counts == {
        "table": "events",
        "rows": 15,
        "good": 7,
        "bad": {"missing_user_id": 1},
        "set_aside": {"return": 5, "cancelled": 2},
        "notes": [
            "Rows that give something back: 5. They cancel 2 purchases and leave 1 with fewer pieces; 2 find no "
            "earlier purchase of their user and product.",
            "Rows of guests, who have no user_id: 3. Their baskets count for what is bought together and for what is "
            "popular, and for no user.",
        ],
    }
    refused = run.refused()
    assert sorted(row["reason"] for row in refused) == ["cancelled"] * 2 + ["missing_user_id"] + ["return"] * 5
    assert "ada" not in repr(refused)
    assert {row["row"]["basket_id"] for row in refused if row["reason"] == "return"} == {
        "C536379", "C536380", "C536381", "C536373", "c536391",
    }  # fmt: skip
    assert not list((tmp_path / "quarantine").glob("returns*"))
    assert {path.name.split("-")[0] for path in (tmp_path / "examples" / "Split-all").iterdir()} == {"data"}

    options = RulesOptions(levels=("product",), min_support=1, **EVERY_RULE)
    mined = mine(tmp_path, options, run.examples, catalogue_artifact(tmp_path, ["kettle", "mug", "pot"]))
    # Baskets: ada's two, bob's last one, and those of the two guests.
    assert mined.counts() == {("mug",): 4, ("pot",): 3, ("mug", "pot"): 2}
    assert mined.facts["levels"]["product"]["baskets"] == 5


def test_guests_are_bad_rows_unless_the_source_says_otherwise(tmp_path: Path) -> None:
    path = write_orders(tmp_path / "e.csv", [order for order in ORDERS if not order[1]])
    with pytest.raises(InputError, match=r"missing_user_id \(5\).* say `guests: baskets`"):
        run_table(tmp_path, "events", path)


def test_a_table_of_guests_alone_is_refused(tmp_path: Path) -> None:
    path = write_orders(tmp_path / "e.csv", [order for order in ORDERS if not order[1]])
    with pytest.raises(InputError, match="none of its 3 good rows has a user_id"):
        run_table(tmp_path, "events", path, source=GUESTS_ARE_BASKETS)


def test_a_till_that_knows_no_users_needs_no_column_for_them(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("product_id,event_type,timestamp,basket_id\np,purchase,1,7\nq,purchase,1,\n")
    with pytest.raises(InputError, match="lacks column `user_id`"):
        run_table(tmp_path, "events", tmp_path / "e.csv")
    with pytest.raises(InputError, match="none of its 1 good rows has a user_id"):
        run_table(tmp_path, "events", tmp_path / "e.csv", source=GUESTS_ARE_BASKETS)


def test_a_basket_of_c_and_digits_is_a_purchase_where_other_baskets_are_no_numbers(tmp_path: Path) -> None:
    orders = [("A1", "u", "mug", "1", "2", "1"), ("C2", "u", "mug", "1", "2", "2"), ("C3", "u", "mug", "1", "2", "3")]
    run = run_table(tmp_path, "events", write_orders(tmp_path / "e.csv", orders))
    assert kept(run) == [("u", "mug", 1.0, day) for day in (1, 2, 3)]
    assert (run.counts()["set_aside"], run.counts()["notes"]) == ({}, [])


def test_cancelled_invoices_of_a_table_without_quantities(tmp_path: Path) -> None:
    rows = "user_id,product_id,event_type,position,basket_id\nu,p,order,1,7\nu,q,order,2,7\nu,p,order,3,C8\n"
    (tmp_path / "e.csv").write_text(rows)
    options = TableOptions(event_types=("order",), bought_event_types=("order",))
    run = run_table(tmp_path, "events", tmp_path / "e.csv", options)
    assert [(row["product_id"], row["position"], row["quantity"]) for row in run.rows()] == [("q", 2, None)]
    assert run.counts()["set_aside"] == {"return": 1, "cancelled": 1}


def test_a_return_needs_no_known_event_type_but_all_else(tmp_path: Path) -> None:
    rows = "user_id,product_id,event_type,timestamp,quantity,price\n"
    rows += "u,p,purchase,1,3,1\nu,p,refund,2,-1,-1\nu,p,,3,-1,1\nu,p,refund,,-1,1\nu,,refund,3,-1,1\n"
    (tmp_path / "e.csv").write_text(rows)
    run = run_table(tmp_path, "events", tmp_path / "e.csv", TableOptions(event_types=("purchase",)))
    assert kept(run) == [("u", "p", 1.0, 0)]
    assert run.counts()["bad"] == {"missing_product_id": 1, "missing_timestamp": 1}
    assert run.counts()["set_aside"] == {"return": 2}


def test_a_table_of_returns_alone_says_so(tmp_path: Path) -> None:
    path = write_orders(tmp_path / "e.csv", [order for order in ORDERS if order[3].startswith("-") and order[1]])
    with pytest.raises(InputError, match=r"none of its 3 rows is usable: return \(3\)"):
        run_table(tmp_path, "events", path)


def test_amounts_become_prices_of_one_piece(tmp_path: Path) -> None:
    rows = ["u,a,purchase,1,4,,10", "u,b,purchase,1,4,3,10", "u,c,purchase,1,,,7", "u,d,purchase,1,0,,7"]
    rows += ["u,e,purchase,1,2,,", "u,f,purchase,1,2,,-7", "u,g,purchase,1,2,cheap,8", "u,h,purchase,1,few,,-8"]
    rows += ["u,a,purchase,2,-1,,-2.5", "u,c,purchase,2,,,-7"]
    (tmp_path / "e.csv").write_text("\n".join(["user_id,product_id,event_type,timestamp,quantity,price,amount", *rows]))
    run = run_table(tmp_path, "events", tmp_path / "e.csv")
    assert sorted((row["product_id"], row["quantity"], row["price"]) for row in run.rows()) == [
        ("a", 3.0, 2.5), ("b", 4.0, 3.0), ("d", 0.0, None), ("e", 2.0, None),
    ]  # fmt: skip
    assert run.counts()["bad"] == {"negative_amount": 1, "price_not_a_number": 1, "quantity_not_a_number": 1}
    assert run.counts()["set_aside"] == {"return": 2, "cancelled": 1}
    assert "amount" not in run.lists().column_names


def test_amounts_that_the_configuration_names_are_kept_too(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("user_id,product_id,event_type,timestamp,amount\nu,a,purchase,1,10\n")
    run = run_table(tmp_path, "events", tmp_path / "e.csv", TableOptions(numeric_columns=("amount",)))
    assert [(row["price"], row["amount"]) for row in run.rows()] == [(10.0, 10.0)]
    assert run.lists().column_names[-1] == "amount"


def test_a_shop_and_its_till_are_one_table(tmp_path: Path) -> None:
    """The till knows no users, calls its columns otherwise, and says what a whole row costs."""
    web = write_orders(tmp_path / "web.csv", ORDERS[:4])
    (tmp_path / "till.csv").write_text(
        "receipt,sku,when,pieces,total\n7,mug,86400,2,5\n7,pot,86400,1,8\n,pot,86400,1,8\n"
    )
    names = {"basket_id": "receipt", "product_id": "sku", "timestamp": "when", "quantity": "pieces", "amount": "total"}
    till = TableSource(
        path=str(tmp_path / "till.csv"), columns=names, constants={"event_type": "purchase"}, guests="baskets"
    )
    run = run_table(tmp_path, "events", [TableSource(path=str(web)), till])
    assert kept(run) == [
        ("ada", "mug", 2.0, 3),
        ("ada", "mug", 6.0, 1),
        ("ada", "pot", 1.0, 1),
        (None, "mug", 2.0, 1),
        (None, "pot", 1.0, 1),
    ]
    assert sorted(row["price"] for row in run.rows() if row["user_id"] is None) == [2.5, 8.0]
    assert run.counts()["bad"] == {"missing_user_id": 1}
    assert run.counts()["set_aside"] == {"return": 1}
