"""Templates in Python and in the graph."""

import pytest
import tensorflow as tf

from serving.writing.requests import rendered
from serving.writing.template import FIELDS, Template


@pytest.mark.parametrize(
    ("text", "fields", "filled"),
    [
        ("{title}[ by {brand}].", {"title": "Tea", "brand": "Acme"}, "Tea by Acme."),
        ("{title}[ by {brand}].", {"title": "Tea"}, "Tea."),
        ("[{offer}: ]{title}[ – {brand}, {price}]", {"title": "茶", "brand": "Acme"}, "茶"),
        ("plain[ always]", {}, "plain always"),
        ("", {}, ""),
    ],
)
def test_optional_parts_need_their_fields(text: str, fields: dict[str, str], filled: str) -> None:
    template = Template(text)
    assert template.fill(fields) == filled
    given = {name: tf.constant([fields.get(name, "")]) for name in FIELDS}
    assert rendered(template, given).numpy()[0].decode() == filled


@pytest.mark.parametrize("text", ["{colour}", "[a", "a]", "[a [b]]", "{}"])
def test_a_wrong_template_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should"):
        Template(text)
