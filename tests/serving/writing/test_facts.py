"""What a text says that its sources do not."""

from collections.abc import Sequence

import pytest
import tensorflow as tf

from serving.writing.facts import CheckedFacts, FactCheck

FACTS = CheckedFacts(
    terms={"colour": ["red", "blue", "navy", "navy blue", "grey", "gold", "rose gold"], "material": ["cotton", "silk"]},
    same_as={"gray": "grey", "two": "2"},
    brands=["Only", "H&M", "Acme Tools", "Crème Co"],
    banned=["guaranteed", "risk free"],
    common_words=["the", "best", "gift", "shirt", "friday"],
)


@pytest.fixture(scope="module")
def check() -> FactCheck:
    return FactCheck(FACTS)


@pytest.mark.parametrize(
    ("text", "source", "reason"),
    [
        ("A blue shirt", "shirt, BLUE", ""),
        ("A navy shirt for 99", "A blue shirt", "not in the facts: number 99, colour navy"),
        ("A gray shirt, 1,000 pieces at 9.50", "Grey shirt, 1000 pieces, 9,5", ""),
        ("1,234,567 or 1234567", "1234567", ""),
        ("12.5 of them", "125", "not in the facts: number 12.5"),
        ("two red Shirts", "Red shirt, pack of 2", ""),
        ("two red shirts", "Red shirt", "not in the facts: number 2"),
        ("rose gold", "gold", "not in the facts: colour rose gold"),
        ("gold", "rose gold", ""),
        ("It is only a gift", "gift", ""),
        ("A gift by Only", "gift", "not in the facts: brand only"),
        ("A gift by ONLY", "gift, only", ""),
        ("A creme co gift, by Crème Co", "gift", "not in the facts: brand creme co"),
        ("The Best Gift by Nike", "gift", "not in the facts: name nike"),
        ("Nike. Adidas: the best\nPuma", "gift", ""),
        ("Guaranteed risk-free", "guaranteed, risk free", "banned: guaranteed, risk free"),
        ("A guaranteed navy gift", "gift", "banned: guaranteed; not in the facts: colour navy"),
        ("See https://a.com/x?y=1.", "a", "not in the facts: number 1, link https://a.com/x?y=1"),
        ("Write to me@x.com, or look at shop.example.com.", "me@x.com, shop.example.com", ""),
        ("Costs 30¢", "", "not in the facts: number 30"),
        ("٣ gifts", "gift", "not in the facts: number ٣"),
        ("", "gift", ""),
    ],
)
def test_what_is_not_in_the_sources_is_named(check: FactCheck, text: str, source: str, reason: str) -> None:
    assert reasons(check, [text], [source]) == [reason]


def reasons(check: FactCheck, texts: Sequence[str], sources: Sequence[str], allowed: str = "") -> list[str]:
    found = check.unsupported(tf.constant(texts), tf.constant(sources), tf.fill([len(texts)], allowed))
    return [reason.decode() for reason in found.numpy()]


def test_where_few_words_are_allowed_all_others_are_those_of_the_sources(check: FactCheck) -> None:
    cases = {
        ("Candy bars from our singles.", "Candy Bars (Singles)"): "",
        ("Candy bars from our singlets.", "Candy Bars (Singles)"): "not in the facts: word singlet",
        ("The gray gift by Nike for 9", "Grey gift"): "not in the facts: number 9, name nike, word by, word for",
        ("a blue bar", "bar"): "not in the facts: colour blue",
        ("only bars", "bar"): "not in the facts: word only",
        ("guaranteed red bars", "bar"): "banned: guaranteed; not in the facts: colour red",
        ("", "bar"): "",
    }
    texts, sources = zip(*cases, strict=True)
    assert reasons(check, texts, sources, "from our a the") == list(cases.values())


def test_rows_do_not_see_each_other(check: FactCheck) -> None:
    texts, sources = ["blue", "red", "9"], ["red", "blue", "9"]
    expected = ["not in the facts: colour blue", "not in the facts: colour red", ""]
    assert reasons(check, texts, sources) == expected


def test_words_of_the_sources_are_counted_once(check: FactCheck) -> None:
    shared = check.shared(tf.constant(["red shirts", "x", ""]), tf.constant(["Red red cotton shirt", "y", ""]))
    assert shared.numpy().tolist() == pytest.approx([2 / 3, 0.0, 1.0])


def test_a_shop_without_lists_has_its_numbers_checked() -> None:
    check = FactCheck(CheckedFacts())
    assert reasons(check, ["red Nike 9", "blue"], ["x", "y"]) == ["not in the facts: number 9", ""]
