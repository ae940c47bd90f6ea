"""What is kept of Beam's look-ups is what Beam itself finds."""

import gc
import weakref
from dataclasses import dataclass

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, StandardOptions, TypeOptions
from apache_beam.transforms import userstate
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec

from components.beam_lookups import keep_beam_lookups

FLAGS = ["--runner=Named", "--experiments=one", "--allow_unsafe_triggers"]
COUNT = ReadModifyWriteStateSpec("count", VarIntCoder())


class Counting(beam.DoFn):
    def process(self, element, count=beam.DoFn.StateParam(COUNT)):  # noqa: B008
        yield element


@dataclass
class Unhashable(beam.DoFn):
    times: int

    def process(self, element):
        yield element * self.times


@pytest.fixture(autouse=True)
def kept() -> None:
    keep_beam_lookups()
    keep_beam_lookups()


def test_each_view_is_parsed_once_and_says_what_beam_itself_finds() -> None:
    options, fresh = PipelineOptions(FLAGS), PipelineOptions(FLAGS)
    for kind in (StandardOptions, DebugOptions, TypeOptions):
        view = options.view_as(kind)
        assert options.view_as(kind) is view
        assert str(view) == str(PipelineOptions.view_as.__wrapped__(fresh, kind))
    assert options.view_as(StandardOptions).runner == "Named"
    assert options.view_as(TypeOptions).allow_unsafe_triggers


def test_what_is_set_in_one_view_is_seen_in_all_of_these_options_and_no_others() -> None:
    options, others = PipelineOptions(FLAGS), PipelineOptions(FLAGS)
    options.view_as(StandardOptions).runner = "Other"
    options.view_as(DebugOptions).experiments.append("two")
    assert options.view_as(TypeOptions).view_as(StandardOptions).runner == "Other"
    assert options.view_as(DebugOptions).experiments == ["one", "two"]
    assert others.view_as(StandardOptions).runner == "Named"
    assert others.view_as(DebugOptions).experiments == ["one"]


def test_nothing_is_kept_alive() -> None:
    options = PipelineOptions(FLAGS)
    options.view_as(StandardOptions)
    gone = weakref.ref(options)
    del options
    gc.collect()
    assert gone() is None


def test_states_of_a_function_are_found_and_one_that_cannot_be_hashed_is_read_each_time() -> None:
    counting, plain = Counting(), Unhashable(2)
    assert userstate.get_dofn_specs(counting) == ({COUNT}, set())
    assert userstate.get_dofn_specs(counting) is userstate.get_dofn_specs(counting)
    assert userstate.get_dofn_specs(plain) == (set(), set())
    assert userstate.is_stateful_dofn(counting)
    assert not userstate.is_stateful_dofn(plain)


def test_beam_asks_what_was_kept() -> None:
    """A new release that calls by another way would be as slow as before, without a word."""
    asked: list[object] = []
    original = PipelineOptions.view_as
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PipelineOptions, "view_as", lambda self, kind: asked.append(kind) or original(self, kind))
        with beam.Pipeline(options=PipelineOptions()) as pipeline:
            _ = pipeline | beam.Create([1]) | beam.ParDo(Unhashable(2))
    assert asked.count(TypeOptions) > 10
