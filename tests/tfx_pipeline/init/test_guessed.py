"""Files that are no known export: tables by the names of columns, in several languages, and by values."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.tables.shaping.leaving_out import without_marks
from tfx_pipeline.init.configuration import commented_configuration
from tfx_pipeline.init.matching import unknown_products
from tfx_pipeline.init.proposal import Proposal
from tfx_pipeline.init.proposing import propose
from tfx_pipeline.init.questions import AtTerminal, BestGuess
from tfx_pipeline.init.tasks import guess_tasks
from tfx_pipeline.init.yaml_writer import to_yaml

EVENTS = pd.DataFrame(
    {
        "user": [f"u{number % 30}" for number in range(120)],
        "product": [f"p{number % 20:03d}" for number in range(120)],
        "kind": [("view", "cart", "purchase")[number % 3] for number in range(120)],
        "time": [f"{1 + number % 28:02d}.{1 + number % 12:02d}.2024 10:30" for number in range(120)],
        "price": [f"{1 + number % 20},50" for number in range(120)],
    }
)


def proposed(folder: Path, tables: dict[str, pd.DataFrame], **how: Any) -> tuple[Proposal, BestGuess]:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, **how)
    asker = BestGuess()
    return propose([str(folder)], asker), asker


def columns(proposal: Proposal, table: str) -> dict[str, str]:
    (source,) = proposal.of_table(table)
    return dict(source.options["columns"])


@pytest.mark.parametrize(
    "names",
    [
        ("customer_id", "sku", "event", "created_at", "unit price"),
        ("Kundennummer", "Artikelnummer", "Ereignis", "Datum", "Einzelpreis"),
        ("id_client", "référence", "évènement", "date achat", "prix"),
        ("用户ID", "商品编号", "行为类型", "时间", "单价"),
        ("會員編號", "商品編號", "行為類型", "訂單日期", "單價"),
    ],
)
def test_names_in_several_languages(names: tuple[str, ...], tmp_path: Path) -> None:
    table = EVENTS.set_axis(list(names), axis=1)
    proposal, asker = proposed(tmp_path, {"log": table}, sep=";")
    assert columns(proposal, "events") == dict(
        zip(("user_id", "product_id", "event_type", "timestamp", "price"), names, strict=True)
    )
    (source,) = proposal.of_table("events")
    assert source.options["time"] == {"format": "%d.%m.%Y %H:%M"}
    assert source.options["decimal"] == ","
    assert proposal.event_types == {"view": 1.0, "cart": 1.0, "purchase": 1.0}
    assert asker.unsure == ["The times do not say in which zone they are, and UTC was taken: see `time_zone`."]


def test_what_the_shop_pays_is_no_price(tmp_path: Path) -> None:
    lines = EVENTS.assign(cost="1.10", line_total="5.48", order_id=range(120)).drop(columns=["kind", "price"])
    halves = ["" if number % 2 else "3.50" for number in range(20)]
    products = pd.DataFrame({"sku": [f"p{number:03d}" for number in range(20)], "title": "Tea", "cost": 1.1})
    products = products.assign(sale_price=halves, list_price=[f"{number}.99" for number in range(20)])
    proposal, _ = proposed(tmp_path, {"lines": lines, "products": products})
    events = columns(proposal, "events")
    assert (events["amount"], events.get("price")) == ("line_total", None)
    assert columns(proposal, "products")["price"] == "list_price"


def test_times_are_found_by_their_values_where_no_name_tells(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "when exactly", "x"], axis=1)
    proposal, _ = proposed(tmp_path, {"log": table})
    assert columns(proposal, "events")["timestamp"] == "when exactly"


@pytest.mark.parametrize(
    ("dates", "taken", "said"),
    [
        (["delivery_date", "purchased_on"], "purchased_on", "`delivery_date` would be possible too"),
        (["birthday", "bought_on"], "bought_on", None),
        (["delivery_date", "order date"], "order date", None),
        (["seen_on", "looked_on"], "seen_on", "`looked_on` would be possible too"),
        (["birthday", "shipped"], "shipped", "taken from `shipped`."),
    ],
)
def test_of_several_dates_that_of_the_event_is_taken(
    dates: list[str], taken: str, said: str | None, tmp_path: Path
) -> None:
    table = EVENTS.drop(columns=["time", "kind"]).assign(order_id=range(120))
    table[dates] = ["2024-05-01", "2024-05-03"]
    proposal, asker = proposed(tmp_path, {"log": table})
    assert columns(proposal, "events")["timestamp"] == taken
    remarks = [remark for remark in asker.unsure if "the times of events" in remark]
    assert (said in remarks[0]) if said else not remarks


def test_one_file_may_hold_the_events_and_the_products(tmp_path: Path) -> None:
    table = EVENTS.assign(name=[f"Title {product}" for product in EVENTS["product"]], order_id=range(120))
    proposal, _ = proposed(tmp_path, {"lines": table.rename(columns={"user": "customer", "kind": "note"})})
    assert columns(proposal, "products") == {"product_id": "product", "title": "name", "price": "price"}
    (products,) = proposal.of_table("products")
    assert products.options["repeats"] == "merged"
    (events,) = proposal.of_table("events")
    assert events.options["constants"] == {"event_type": "purchase"}


@pytest.mark.parametrize("heading", ["name", "title", "Nom", "名稱"])
def test_names_of_customers_are_no_titles(heading: str, tmp_path: Path) -> None:
    lines = EVENTS.assign(order_id=range(120), **{heading: [f"Ann Smith {user}" for user in EVENTS["user"]]})
    proposal, _ = proposed(tmp_path, {"lines": lines})
    assert list(proposal.tables()) == ["events"]
    lines["item_name"] = [f"Tea {product}" for product in EVENTS["product"]]
    proposal, _ = proposed(tmp_path, {"lines": lines})
    assert columns(proposal, "products")["title"] == "item_name"
    # Nobody bought twice, and a title was changed: still titles are told from names.
    lines = lines.assign(user=[f"u{number}" for number in range(120)])
    lines[heading] = [f"Ann Smith {user}" for user in lines["user"]]
    lines.loc[lines["product"] == "p001", "item_name"] = ["Tea", "Tea", "Tea", "Tea!", "Tea!", "Tea!"]
    proposal, _ = proposed(tmp_path, {"lines": lines})
    assert columns(proposal, "products")["title"] == "item_name"


def test_lines_of_orders_are_joined_to_their_orders(tmp_path: Path) -> None:
    orders = pd.DataFrame(
        {"order no": range(40), "customer": [f"c{n % 25}" for n in range(40)], "order date": ["2024-05-01"] * 40}
    )
    lines = pd.DataFrame(
        {"order_id": [n % 40 for n in range(90)], "article_no": [f"a{n % 9}" for n in range(90)], "qty": [1] * 90}
    )
    proposal, _ = proposed(tmp_path, {"orders": orders, "lines": lines})
    (events,) = proposal.of_table("events")
    assert events.options["join"] == [
        {"path": str(tmp_path / "orders.csv"), "on": {"order_id": "order no"}, "columns": ["customer", "order date"]}
    ]
    expected = {"user_id": "customer", "product_id": "article_no", "timestamp": "order date"}
    assert expected.items() <= columns(proposal, "events").items()


def test_every_other_table(tmp_path: Path) -> None:
    tables = {
        "items": pd.DataFrame({"item_id": ["a", "b"], "name": ["Tea", "Pot"], "vendor": ["X", "Y"]}),
        "people": pd.DataFrame({"customer_id": ["c1", "c2"], "segment": ["gold", "new"]}),
        "search": pd.DataFrame({"search_term": ["tea", "pot"], "sku": ["a", "b"], "grade": [1.0, 0.5]}),
        "mails": pd.DataFrame(
            {"message": ["Where is my parcel?", "I want my money back"], "intent": ["track", "refund"]}
        ),
    }
    proposal, asker = proposed(tmp_path, tables)
    assert set(proposal.tables()) == {"products", "users", "judgements", "texts"}
    assert columns(proposal, "products") == {"product_id": "item_id", "title": "name", "brand": "vendor"}
    assert columns(proposal, "texts") == {"text": "message", "label": "intent"}
    assert columns(proposal, "judgements") == {"query": "search_term", "product_id": "sku", "relevance": "grade"}
    assert asker.unsure == []


def test_values_that_stand_for_none_and_rows_without_a_product(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    table.loc[::6, "user_id"] = "NULL"
    table.loc[::10, "product_id"] = ""
    proposal, asker = proposed(tmp_path, {"log": table})
    (events,) = proposal.of_table("events")
    assert "missing" not in events.options
    assert events.options["leave_out"] == {"product_id": [""], "user_id": ["", "NULL"]}
    assert any("`NULL` in `user_id`" in remark for remark in asker.unsure)
    assert any("10.0% of the rows have no `product_id`" in remark for remark in asker.unsure)


def test_a_zero_for_nobody_is_told_from_a_customer_called_zero(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    table["user_id"] = ["0" if number % 2 else str(number % 60) for number in range(120)]
    proposal, _ = proposed(tmp_path, {"log": table})
    assert proposal.of_table("events")[0].options["leave_out"] == {"user_id": ["", "0"]}
    table["user_id"] = [str(number % 30) for number in range(120)]
    proposal, _ = proposed(tmp_path, {"log": table})
    assert "leave_out" not in proposal.of_table("events")[0].options


def test_products_of_other_ids_are_left_out(tmp_path: Path) -> None:
    events = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    products = pd.DataFrame({"product_id": ["x1", "x2"], "title": ["Tea", "Pot"]})
    proposal, asker = proposed(tmp_path, {"log": events, "products": products})
    assert set(proposal.tables()) == {"events"}
    (remark,) = (remark for remark in asker.unsure if "100% of the events" in remark)
    assert "Events have `p000`, `p001`, `p002`, products `x1`, `x2`." in remark


@pytest.mark.parametrize("other", [None, "ean", "sku"])
def test_the_ids_of_products_are_those_that_events_find(other: str | None, tmp_path: Path) -> None:
    events = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    products = pd.DataFrame({"id": [f"p{number:03d}" for number in range(20)], "name": "Tea", "price": 1.5})
    if other is not None:
        products[other] = [f"40063813{number:05d}" for number in range(20)]
    proposal, _ = proposed(tmp_path, {"log": events, "products": products})
    assert columns(proposal, "products")["product_id"] == "id"
    assert unknown_products(proposal) == 0
    events["sku"] = [f"40063813{number % 20:05d}" for number in range(120)]
    events["product_id"] = [f"{number % 60}" for number in range(120)]
    if other is not None:
        proposal, _ = proposed(tmp_path, {"log": events, "products": products})
        assert columns(proposal, "events")["product_id"] == "sku"
        assert columns(proposal, "products")["product_id"] == other


@pytest.mark.parametrize("number", [None, "order_number"])
def test_the_id_of_an_order_may_be_called_id(number: str | None, tmp_path: Path) -> None:
    orders = pd.DataFrame(
        {"id": range(40), "customer_id": [f"c{n % 25}" for n in range(40)], "created_at": "2024-05-01"}
    )
    if number is not None:
        orders[number] = [f"N{n:05d}" for n in range(40)]
    lines = pd.DataFrame({"order_id": [n % 40 for n in range(90)], "sku": [f"a{n % 9}" for n in range(90)]})
    proposal, _ = proposed(tmp_path, {"orders": orders, "lines": lines})
    (events,) = proposal.of_table("events")
    assert events.options["join"][0]["on"] == {"order_id": "id"}
    assert list(proposal.tables()) == ["events"]
    assert columns(proposal, "events")["basket_id"] == "order_id"


def test_lines_that_are_joined_to_their_orders_may_hold_the_products(tmp_path: Path) -> None:
    orders = pd.DataFrame(
        {"id": range(40), "customer_id": [f"c{n % 25}" for n in range(40)], "created_at": "2024-05-01"}
    )
    lines = pd.DataFrame({"order_id": [n % 40 for n in range(90)], "sku": [f"a{n % 9}" for n in range(90)]})
    lines["name"], lines["line_total"] = [f"Tea {n % 9}" for n in range(90)], 3.5
    proposal, _ = proposed(tmp_path, {"orders": orders.assign(name="Ann Smith", title="Dr."), "lines": lines})
    assert columns(proposal, "products") == {"product_id": "sku", "title": "name"}
    (products,) = proposal.of_table("products")
    assert products.options["repeats"] == "merged"
    assert products.sample.label == "lines.csv"
    assert proposal.of_table("events")[0].options["join"][0]["columns"] == ["created_at", "customer_id"]


def test_long_ids_that_became_floats_are_those_of_the_products(tmp_path: Path) -> None:
    events = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    events["product_id"] = [4_006_381_300_000.0 + number % 20 for number in range(120)]
    events.to_parquet(tmp_path / "log.parquet")
    products = pd.DataFrame({"product_id": [4_006_381_300_000 + number for number in range(20)], "title": "Tea"})
    proposal, _ = proposed(tmp_path, {"products": products})
    assert set(proposal.tables()) == {"events", "products"}
    assert unknown_products(proposal) == 0


@pytest.mark.parametrize(
    ("column", "states", "undone"),
    [
        ("status", ["paid", "cancelled", "refunded"], ["cancelled", "refunded"]),
        ("Order Status", ["wc-completed", "wc-cancelled", "wc-failed"], ["wc-cancelled", "wc-failed"]),
        ("Bestellstatus", ["bezahlt", "Storniert"], ["Storniert"]),
        ("statut", ["payée", "annulée"], ["annulée"]),
        ("type", ["sale", "refund"], ["refund"]),
        ("status", ["paid", "packed", "sent"], None),
        ("status", ["refunded"], None),
    ],
)
def test_orders_that_came_to_nothing_are_no_purchases(
    column: str, states: list[str], undone: list[str] | None, tmp_path: Path
) -> None:
    lines = EVENTS.drop(columns="kind").assign(order_id=range(120))
    lines[column] = [states[number % len(states)] for number in range(120)]
    proposal, asker = proposed(tmp_path, {"lines": lines})
    left_out = proposal.of_table("events")[0].options.get("leave_out", {})
    assert sorted(left_out.get(column, [])) == (undone or [])
    assert any("came to nothing" in said for said in asker.unsure) == (undone is not None)


def test_returns_with_quantities_below_0_stay(tmp_path: Path) -> None:
    lines = EVENTS.drop(columns="kind").assign(order_id=range(120), type=["sale", "refund"] * 60)
    proposal, _ = proposed(tmp_path, {"lines": lines.assign(qty=["1", "-1"] * 60)})
    assert "leave_out" not in proposal.of_table("events")[0].options


def test_the_state_of_an_order_is_joined_to_its_lines(tmp_path: Path) -> None:
    states = ["open", "cancelled"] * 20
    orders = pd.DataFrame({"order_id": range(40), "customer_id": [f"c{n % 25}" for n in range(40)], "status": states})
    lines = pd.DataFrame({"order_id": [n % 40 for n in range(90)], "sku": [f"a{n % 9}" for n in range(90)]})
    proposal, _ = proposed(tmp_path, {"orders": orders.assign(order_date="2024-05-01"), "lines": lines})
    (events,) = proposal.of_table("events")
    assert events.options["join"][0]["columns"] == ["customer_id", "order_date", "status"]
    assert events.options["leave_out"] == {"status": ["cancelled"]}


def test_what_is_not_known_of_event_types_is_said(tmp_path: Path) -> None:
    events = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    events["event_type"] = [("look", "hover", "order")[number % 3] for number in range(120)]
    proposal, asker = proposed(tmp_path, {"log": events})
    assert proposal.event_types == {"look": 0.0, "hover": 0.0, "order": 1.0}
    assert proposal.bought_event_type == "order"
    assert any("`look`, `hover`" in remark for remark in asker.unsure)


def test_a_terminal_is_asked_what_the_values_do_not_tell(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    table["timestamp"] = [f"0{1 + number % 9}/0{1 + number % 7}/2024" for number in range(120)]
    table.to_csv(tmp_path / "log.csv", index=False)
    shown: list[str] = []
    answers = iter(["three", "2"])
    asker = AtTerminal(show=shown.append, read=lambda prompt: next(answers))
    proposal = propose([str(tmp_path)], asker)
    assert asker.asked == 1
    assert "the day or the month first" in shown[0]
    assert "expected a number from 1 to 2, got 'three'" in shown
    first = shown[1].split("`")[1]
    taken = proposal.of_table("events")[0].options["time"]["format"]
    assert {first, taken} == {"%d/%m/%Y", "%m/%d/%Y"}
    assert first != taken


def test_files_without_any_table_are_one_message_that_lists_what_they_have(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no table was found.*`weather.csv` has `city`, `degrees`.*Looked for: events"
    ):
        proposed(tmp_path, {"weather": pd.DataFrame({"city": ["Bonn"], "degrees": [3]})})


NAMED = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)


@pytest.mark.parametrize("times", [["Monday 3", "Tuesday 4"], ["2023-01-10 10:00:00 CET"], ["12. Januar 2023"]])
def test_times_that_cannot_be_read_are_an_error_that_shows_them(times: list[str], tmp_path: Path) -> None:
    table = NAMED.assign(timestamp=[times[number % len(times)] for number in range(120)])
    with pytest.raises(InputError, match=r"log\.csv: the times in `timestamp` could not be read, such as `.*format`"):
        proposed(tmp_path, {"log": table})


@pytest.mark.parametrize(("digits", "form"), [("202301101005", "%Y%m%d%H%M"), ("20230110100500", "%Y%m%d%H%M%S")])
def test_times_of_digits_alone(digits: str, form: str, tmp_path: Path) -> None:
    proposal, _ = proposed(tmp_path, {"log": NAMED.assign(timestamp=digits)})
    assert proposal.of_table("events")[0].options["time"] == {"format": form}


def test_the_orders_of_lines_are_those_that_are_found(tmp_path: Path) -> None:
    def orders(first: int) -> pd.DataFrame:
        numbers = range(first, first + 40)
        return pd.DataFrame({"order no": numbers, "customer": [f"c{n}" for n in numbers], "order date": "2024-05-01"})

    lines = pd.DataFrame({"order_id": [60 + n % 30 for n in range(90)], "article_no": [f"a{n % 9}" for n in range(90)]})
    (tmp_path / "old").mkdir()
    orders(0).to_csv(tmp_path / "old" / "orders.csv", index=False)
    proposal, _ = proposed(tmp_path, {"orders": orders(60), "lines": lines})
    (events,) = proposal.of_table("events")
    assert events.options["join"][0]["path"] == str(tmp_path / "orders.csv")


def test_a_catalogue_with_a_row_for_each_size_is_merged(tmp_path: Path) -> None:
    ids = [f"p{number // 3:03d}" for number in range(60)]
    products = pd.DataFrame({"product_id": ids, "title": [f"Tea {each}" for each in ids], "size": ["S", "M", "L"] * 20})
    proposal, asker = proposed(tmp_path, {"log": NAMED, "products": products})
    (source,) = proposal.of_table("products")
    assert source.options["repeats"] == "merged"
    assert "products.csv: a product has 3.0 rows in the mean, of which one counts." in asker.unsure
    proposal, _ = proposed(tmp_path, {"products": products[::3]})
    assert "repeats" not in proposal.of_table("products")[0].options


def test_a_catalogue_may_have_a_column_called_order(tmp_path: Path) -> None:
    products = pd.DataFrame({"product_id": ["a", "b"], "title": ["Tea", "Pot"], "order": [1, 2]})
    proposal, _ = proposed(tmp_path, {"products": products})
    assert list(proposal.tables()) == ["products"]


def test_it_is_said_why_a_column_is_not_used(tmp_path: Path) -> None:
    products = pd.DataFrame(
        {
            "product_id": [f"p{number}" for number in range(60)],
            "title": [f"Tea {number}" for number in range(60)],
            "category": ['["tea", "green"]'] * 60,
            "brand": [""] * 60,
            "price": ["on demand"] * 60,
        }
    )
    proposal, asker = proposed(tmp_path, {"products": products})
    (source,) = proposal.of_table("products")
    assert source.unused == {
        "category": "it holds lists",
        "brand": "it is empty",
        "price": "some of its values are no numbers, such as `on demand`",
    }
    assert "products.csv: `category` is not used: it holds lists." in asker.unsure
    document = commented_configuration(
        proposal,
        guess_tasks(proposal, has_titles=True),
        has_titles=True,
        unknown_product_fraction=None,
        unsure=(),
        command="run",
    )
    assert "brand: ''  # not used: it is empty" in to_yaml(document)


@pytest.mark.parametrize("nothing", ["NULL", "n/a", "\\N", "-"])
def test_numbers_and_times_are_read_beside_what_stands_for_none(nothing: str, tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    table.loc[::5, "price"] = nothing
    table.loc[::10, "timestamp"] = nothing
    table.loc[1::20, "timestamp"] = ""
    proposal, asker = proposed(tmp_path, {"log": table})
    (events,) = proposal.of_table("events")
    assert events.options["missing"] == {"price": [nothing]}
    assert events.options["leave_out"] == {"timestamp": ["", nothing]}
    assert events.options["time"] == {"format": "%d.%m.%Y %H:%M"}
    assert events.options["decimal"] == ","
    assert "log.csv: 15.0% of the rows have no `timestamp` and are left out." in asker.unsure


def test_dates_of_zeros_are_none(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    table["timestamp"] = "2025-01-05 10:00:00"
    table.loc[::10, "timestamp"] = "0000-00-00 00:00:00"
    proposal, _ = proposed(tmp_path, {"log": table})
    (events,) = proposal.of_table("events")
    assert events.options["leave_out"] == {"timestamp": ["", "0000-00-00 00:00:00"]}


def test_what_is_no_number_in_parquet_counts_as_none(tmp_path: Path) -> None:
    table = EVENTS.set_axis(["user_id", "product_id", "event_type", "timestamp", "price"], axis=1)
    prices = pa.array([float("nan") if row % 5 == 0 else 2.5 for row in range(len(table))])
    columns = {name: pa.array(table[name]) for name in table.columns if name != "price"}
    pq.write_table(pa.table({**columns, "price": prices}), tmp_path / "log.parquet")
    proposal = propose([str(tmp_path)], BestGuess())
    (events,) = proposal.of_table("events")
    missing = {name: tuple(marks) for name, marks in events.options["missing"].items()}
    batch = pa.RecordBatch.from_pydict({"price": prices})
    assert without_marks(batch, missing)["price"].to_pylist() == [None, 2.5, 2.5, 2.5, 2.5] * 24


def test_a_day_and_a_clock_in_two_columns(tmp_path: Path) -> None:
    table = EVENTS.drop(columns="time").assign(Date="2025-01-05", Time="13:48:00")
    proposal, asker = proposed(tmp_path, {"log": table})
    assert columns(proposal, "events")["timestamp"] == "Date"
    assert any(said.startswith("log.csv: `Time` is not used: it holds clocks without a day") for said in asker.unsure)


def test_names_of_zones_are_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Write them with an offset, .* as names of zones"):
        proposed(tmp_path, {"log": EVENTS.assign(time="2025-01-05 13:48:00 CET")})


def test_products_that_are_left_out_for_want_of_a_title_are_not_known(tmp_path: Path) -> None:
    items = pd.DataFrame({"sku": [f"p{number:03d}" for number in range(20)], "title": ["Green tea", None] * 10})
    proposal, _ = proposed(tmp_path, {"log": EVENTS, "items": items})
    assert unknown_products(proposal) == pytest.approx(0.5)


@pytest.mark.parametrize("once", [["user"], ["user", "time"]])
def test_the_first_line_of_an_order_may_alone_say_who_bought(once: list[str], tmp_path: Path) -> None:
    table = EVENTS.drop(columns="kind").assign(order_id=[number // 3 for number in range(120)])
    table.loc[[number for number in range(120) if number % 3], once] = ""
    proposal, asker = proposed(tmp_path, {"log": table})
    (events,) = proposal.of_table("events")
    assert events.options["fill_down"] == ["order_id", *once]
    assert "leave_out" not in events.options
    assert any("of the first line of each `order_id` count for its others" in said for said in asker.unsure)


def test_guests_are_no_lines_to_fill(tmp_path: Path) -> None:
    table = EVENTS.drop(columns="kind").assign(order_id=[number // 3 for number in range(120)])
    table.loc[[number for number in range(120) if number // 3 % 2], "user"] = ""
    proposal, _ = proposed(tmp_path, {"log": table})
    (events,) = proposal.of_table("events")
    assert "fill_down" not in events.options
    assert events.options["guests"] == "baskets"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"product": "4.01E+12"}, "log.csv: `product` has ids such as `4.01E+12`, as Excel writes long numbers"),
        ({"product": "A102  "}, "log.csv: `product` has ids with spaces around them, such as `A102  `"),
        ({"user": "u7 "}, "log.csv: `user` has ids with spaces around them. These"),
        ({"user": "4.01E+12"}, "log.csv: `user` has ids, as Excel writes long numbers"),
        ({"price": "-2,00"}, "log.csv: 25.0% of the rows have a `price` below 0, of `p003` and `p007` and `p011`"),
    ],
)
def test_values_that_are_hardly_right_are_said(change: dict[str, str], said: str, tmp_path: Path) -> None:
    table = EVENTS.copy()
    table.loc[3::4, list(change)] = list(change.values())
    _, asker = proposed(tmp_path, {"log": table}, sep=";")
    assert any(remark.startswith(said) for remark in asker.unsure), asker.unsure


def test_prices_below_0_of_what_is_given_back_are_no_fault(tmp_path: Path) -> None:
    table = EVENTS.assign(quantity=1)
    table.loc[3::4, ["price", "quantity"]] = ["-2,00", -1]
    _, asker = proposed(tmp_path, {"log": table}, sep=";")
    assert not any("below 0" in remark for remark in asker.unsure)


@pytest.mark.parametrize(
    ("promoted", "stocked"),
    [
        (
            ("sku", "valid_from", "valid_to", "media", "discount"),
            ("sku", "qty_on_hand", "lead_time", "case_pack", "cost"),
        ),
        (
            ("Artikelnummer", "gültig ab", "gültig bis", "Aktionsart", "Rabatt"),
            ("Artikelnummer", "Lagerbestand", "Lieferzeit", "VPE", "Einkaufspreis"),
        ),
        (("商品编号", "开始日期", "结束日期", "placement", "折扣"), ("商品编号", "库存", "交货天数", "箱规", "成本")),
    ],
)
def test_what_is_promoted_and_what_is_in_stock(
    promoted: tuple[str, ...], stocked: tuple[str, ...], tmp_path: Path
) -> None:
    ids = [f"p{number:03d}" for number in range(20)]
    promotions = pd.DataFrame(
        dict(zip(promoted, (ids, ["2024-05-06"] * 20, ["2024-05-13"] * 20, ["display"] * 20, [0.25] * 20), strict=True))
    )
    stock = pd.DataFrame(dict(zip(stocked, (ids, range(20), [7] * 20, [6] * 20, [1.1] * 20), strict=True)))
    tables = {"log": NAMED, "promotions": promotions, "stock": stock}
    proposal, asker = proposed(tmp_path, tables)
    assert set(proposal.tables()) == {"events", "promotions", "stock"}
    names = ("product_id", "start", "end", "placement", "discount")
    assert columns(proposal, "promotions") == dict(zip(names, promoted, strict=True))
    names = ("product_id", "on_hand", "lead_time_days", "pack_size", "unit_cost")
    assert columns(proposal, "stock") == dict(zip(names, stocked, strict=True))
    assert not any("is not used" in said for said in asker.unsure)


def test_a_discount_in_percent_is_no_share_of_the_price(tmp_path: Path) -> None:
    promotions = pd.DataFrame({"sku": ["p1"] * 9, "start": "2024-05-06", "end": "2024-05-13", "discount": range(9)})
    proposal, asker = proposed(tmp_path, {"log": NAMED, "promotions": promotions})
    assert columns(proposal, "promotions")["discount"] == ""
    said = "promotions.csv: `discount` is not used: its numbers should be from 0 to 1, and one is `2`."
    assert said in asker.unsure


@pytest.mark.parametrize(
    ("shown", "offered", "outcome"),
    [
        (("customer_id", "coupon_id", "sent_at", "redeemed"), ("coupon_id", "description", "valid_from"), "redeemed"),
        (("Kundennummer", "Angebot", "Zeit", "geklickt"), ("Angebot", "Bezeichnung", "start"), "geklickt"),
        (("用户ID", "优惠券", "曝光时间", "是否点击"), ("优惠券", "标题", "start"), "是否点击"),
    ],
)
def test_what_was_shown_and_what_came_of_it(
    shown: tuple[str, ...], offered: tuple[str, ...], outcome: str, tmp_path: Path
) -> None:
    users, ids = [f"u{row % 40}" for row in range(600)], [f"c{row % 6}" for row in range(600)]
    times = [f"2024-{1 + row % 12:02d}-03 10:00" for row in range(600)]
    clicked = [int(row % 7 == 0) for row in range(600)]
    impressions = pd.DataFrame(dict(zip(shown, (users, ids, times, clicked), strict=True)))
    texts = [f"Save on tea number {row}" for row in range(6)]
    offers = pd.DataFrame(dict(zip(offered, ([f"c{row}" for row in range(6)], texts, ["2024-01-01"] * 6), strict=True)))
    proposal, _ = proposed(tmp_path, {"mailing": impressions, "coupons": offers})
    assert columns(proposal, "impressions") == dict(
        zip(("shown_at", "user_id", "offer_id"), (shown[2], *shown[:2]), strict=True)
    )
    assert columns(proposal, "offers")["text"] == offered[1]
    task = guess_tasks(proposal, has_titles=False)["response"]
    assert task.runs
    assert task.options == {"outcomes": [outcome]}
