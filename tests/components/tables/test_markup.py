"""Markup in texts, against Python's own HTML parser."""

import time
from html.parser import HTMLParser

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tables.contract import TABLES, TableOptions
from components.tables.markup import cut_markup, without_markup
from components.tables.validation import check_rows


class PlainText(HTMLParser):
    """What a document says, by the standard library."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unread = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.unread += tag in ("script", "style")
        self.parts.append("" if tag in ("b", "strong", "a", "span") else " ")

    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in ("script", "style")
        self.parts.append("" if tag in ("b", "strong", "a", "span") else " ")

    def handle_data(self, data: str) -> None:
        if not self.unread:
            self.parts.append(data)


def plain_text(document: str) -> str:
    parser = PlainText()
    parser.feed(document)
    parser.close()
    return " ".join("".join(parser.parts).split())


@pytest.mark.parametrize(
    "text",
    [
        "<p>A <strong>red</strong> item.</p>\n<ul><li>With care</li><li>Boxed &amp; sealed</li></ul>",
        "Caf&eacute; &#233; &#xE9;<br>2 &lt; 3 &frac12;",
        "<a href=\"a>b\" title='x > y'>Link</a>s<BR/>next<IMG src=x.png>",
        "<style type='text/css'>p { color: red }</style>Mug<script>if (a < b) { c() }</script>!",
        "W<b>or</b>d<!-- <p>hidden</p> -->",
        "<!DOCTYPE html><html><body class=x><h1>Pot</h1><p>1&nbsp;l</p></body></html>",
    ],
)
def test_texts_are_what_an_html_parser_reads(text: str) -> None:
    assert without_markup(text) == plain_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<![CDATA[<p>Tea &amp; milk</p>]]>", "Tea & milk"),
        ("<o:p></o:p>Chair<![if !vml]> blue<![endif]>", "Chair blue"),
        ("&lt;p&gt;Warm &amp;amp; dry&lt;/p&gt;", "Warm & dry"),
        ("cr&amp;egrave;me", "crème"),
        ("<p>&nbsp;</p><br />", ""),
        ("Tom &amp; Jerry\nsecond line", "Tom & Jerry\nsecond line"),
        ("Home &gt; Kitchen &amp; Bath", "Home > Kitchen & Bath"),
    ],
)
def test_what_exports_of_shops_hold(text: str, expected: str) -> None:
    assert without_markup(text) == expected


NO_MARKUP = [
    "3 < 5 and 7 > 2",
    "I <3 tea",
    "a<x>c",
    "List<String> <none> <2kg> <t-shirt>",
    "AT&T; R&D & Co &nosuchname; &;",
    "&copy and &para without their semicolon",
    "tea\u00a0\u3000\t pot  \n",
    "<",
    "mail <me@example.org>, see <http://example.org>",
]


def test_what_is_text_stays_byte_for_byte() -> None:
    texts = pa.array([*NO_MARKUP, None, ""], pa.large_string())
    assert cut_markup(texts).equals(texts)
    assert [without_markup(text) for text in NO_MARKUP] == NO_MARKUP


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="&<"), max_size=30), max_size=5))
def test_texts_without_its_signs_have_no_markup(texts: list[str]) -> None:
    assert cut_markup(pa.array(texts, pa.string())).to_pylist() == texts


def test_a_column_keeps_its_rows_and_markup_alone_is_nothing() -> None:
    texts = pa.array([None, "<b>a</b>", "b", "<p></p>", "&amp;", "&nbsp;"], pa.large_string())
    assert cut_markup(texts).to_pylist() == [None, "a", "b", None, "&", None]
    assert cut_markup(texts.slice(1, 2)).to_pylist() == ["a", "b"]


def test_a_column_without_markup_is_read_at_once() -> None:
    texts = pa.array(["a plain description, 3 < 5, of some hundred characters " * 3] * 100_000, pa.large_string())
    started = time.process_time()
    assert cut_markup(texts) is texts
    # By Python alone it takes several times as long.
    assert time.process_time() - started < 2.0


BATCH = pa.RecordBatch.from_pylist(
    [
        {"product_id": "<b>1</b>", "title": "<b>Mug</b>", "description": "Caf&eacute;", "category": "A &amp; B > C"},
        {"product_id": "2", "title": "<p></p>", "description": None, "category": None},
    ]
)


def test_products_lose_their_markup_when_they_are_read_and_ids_do_not() -> None:
    checked = check_rows(TABLES["products"], TableOptions(), BATCH, 0.0)
    assert checked.reasons == ["missing_title"]
    (row,) = checked.good.select(["product_id", "title", "description", "category"]).to_pylist()
    expected = {"product_id": b"<b>1</b>", "title": b"Mug", "description": "Café".encode(), "category": b"A & B > C"}
    assert row == {name: [value] for name, value in expected.items()}


def test_markup_is_kept_where_the_configuration_wants_it() -> None:
    checked = check_rows(TABLES["products"], TableOptions(keep_markup=True), BATCH, 0.0)
    assert [row["title"] for row in checked.good.to_pylist()] == [[b"<b>Mug</b>"], [b"<p></p>"]]


def test_texts_to_classify_lose_their_markup_too() -> None:
    batch = pa.RecordBatch.from_pylist([{"text": "Very&nbsp;<i>good</i>", "label": "<b>"}])
    (row,) = check_rows(TABLES["texts"], TableOptions(), batch, 0.0).good.to_pylist()
    assert row == {"text": [b"Very good"], "label": [b"<b>"], "product_id": None, "rating": None, "timestamp": None}
