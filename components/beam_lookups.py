"""Keeps what Beam 2.77 works out anew for each transform of a pipeline.

Half the time of a pipeline over a small table goes into two functions that give the same each time. `view_as` of the
options builds an argument parser, several times for each transform and each type hint; `get_dofn_specs` reads the
signatures of all methods of a DoFn, some eight times.
"""

import functools
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms import userstate


def keep_beam_lookups() -> None:
    """Lets Beam look things up once, in this process and those that it forks; a second call does nothing."""
    if not hasattr(PipelineOptions.view_as, "__wrapped__"):
        # A view has no state of its own but what it was parsed from: values lie in a dictionary that all views share.
        PipelineOptions.view_as = _kept(PipelineOptions.view_as)
        userstate.get_dofn_specs = _kept(userstate.get_dofn_specs)


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that keeps its results for as long as its first argument lives."""
    results: WeakKeyDictionary[Any, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()

    @functools.wraps(function)
    def look_up(owner: Any, *arguments: Any) -> Any:
        try:
            found = results.setdefault(owner, {})
        except TypeError:
            # A DoFn that cannot be hashed, such as a data class.
            return function(owner, *arguments)
        if arguments not in found:
            found[arguments] = function(owner, *arguments)
        return found[arguments]

    return look_up
