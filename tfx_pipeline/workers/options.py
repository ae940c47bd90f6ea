"""How many nodes a run works on side by side on this machine."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from trainer.options import Options

_Workers: TypeAlias = Annotated[int, Field(ge=1, le=64)]
_Gibibytes: TypeAlias = Annotated[float, Field(gt=0.0)]


class LocalOptions(Options):
    """What a run may take of this machine; a cluster does not look at it.

    Attributes:
        workers: Nodes that run side by side, each in a process of its own; `auto` takes as many as the process has
            processors, four at the most. With 1 every node runs in the process of the run itself, one after another.
        memory_gib: Memory that nodes side by side may be expected to take; `auto` takes four fifths of what is free
            when the run begins. A node begins beside others only where its share is left, judged by what it took last
            time under this root; one that needs more than all of it runs alone.
    """

    workers: Literal["auto"] | _Workers = "auto"
    memory_gib: Literal["auto"] | _Gibibytes = "auto"
