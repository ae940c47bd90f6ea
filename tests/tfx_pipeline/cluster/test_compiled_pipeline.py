"""A specification read back, and the parameters of its submission."""

from pathlib import Path

import pytest

from tests.tfx_pipeline.cluster.small_spec import SmallStep, write_spec
from tfx_pipeline.cluster.compiled_pipeline import read_compiled
from tfx_pipeline.config.yaml_file import ConfigError

STEPS = {"only": SmallStep("finish()", parameters={"a": 1, "b": "@word"})}


def test_parameters_get_their_types_and_defaults(tmp_path: Path) -> None:
    compiled = read_compiled(write_spec(tmp_path / "s.yaml", STEPS, {"word": None, "count": 3, "share": 0.5, "e": ""}))
    values = compiled.complete({"word": "7", "count": "12"})
    assert values == {"word": "7", "count": 12, "share": 0.5, "e": ""}
    assert isinstance(values["count"], int)
    assert compiled.constants("only") == {"a": 1}
    assert compiled.submitted("only") == {"b": "word"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs word; add --parameter word=VALUE"),
        ({"word": "x", "other": "1"}, "has no such parameter; it has count, word"),
        ({"word": "x", "count": "many"}, "--parameter count=many: expected a whole number"),
        ({"word": "x", "count": "1.5"}, "--parameter count=1.5: expected a whole number"),
        ({"word": "x", "count": "Infinity"}, "expected a whole number"),
    ],
)
def test_wrong_parameters_are_one_clear_message(tmp_path: Path, given: dict[str, str], message: str) -> None:
    compiled = read_compiled(write_spec(tmp_path / "spec.yaml", STEPS, {"word": None, "count": 3}))
    with pytest.raises(ConfigError, match=message) as raised:
        compiled.complete(given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file; `shelfwise compile` writes one"),
        ("", "expected a PipelineSpec"),
        ("[1, 2]", "expected a PipelineSpec"),
        ("a: b: c", "expected a PipelineSpec"),
        ("pipelineInfo: {name: x}\nnoSuchField: 1", "expected a PipelineSpec"),
        ("pipelineInfo: {name: x}\nschemaVersion: 2.0.0", "schema 2.1.0, got 2.0.0"),
        ("pipelineInfo: {name: x}", "schema 2.1.0, got none"),
    ],
)
def test_a_file_that_is_no_specification(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "spec.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as raised:
        read_compiled(file)
    assert str(file) in str(raised.value)
