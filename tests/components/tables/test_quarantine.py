"""What is written of refused rows."""

import json

from components.tables.quarantine import UNKNOWN_PRODUCT, quarantine_line
from components.tables.user_ids import hash_user_id


def test_a_line_hides_the_user_unless_told_otherwise():
    row = {"user_id": b"u\n1", "product_id": "商品".encode(), "timestamp": 5, "price": None}
    hidden = quarantine_line("events", UNKNOWN_PRODUCT, "not there", row, "key")
    assert "u\\n1" not in hidden
    assert json.loads(hidden)["row"]["user_id"] == hash_user_id("u\n1", "key")
    shown = json.loads(quarantine_line("events", UNKNOWN_PRODUCT, "not there", row, None))
    assert shown["row"] == {"user_id": "u\n1", "product_id": "商品", "timestamp": 5, "price": None}
    assert (shown["table"], shown["reason"], shown["detail"]) == ("events", "unknown_product", "not there")
