"""The form of summary.json."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Metrics: TypeAlias = dict[str, float | None]

VERSION: Literal[1] = 1


class _Part(BaseModel):
    """Something of the summary; keys that a task adds are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Interval(_Part):
    """How much larger a metric of the model is than another's, and the ends of the 95% bootstrap interval.

    Attributes:
        mean: The difference; None where there is nothing that both could be measured on.
        low: Lower end; None where too little was seen for one.
        high: Upper end.
    """

    mean: float | None
    low: float | None
    high: float | None


class AblatedSystem(_Part):
    """The model without one of its parts, or with one more.

    Attributes:
        metrics: Its metrics.
        differences: The model's metrics less its own.
    """

    metrics: Metrics
    differences: dict[str, Interval] = {}


class Slice(_Part):
    """A part of the test examples; it also has the key that the task's `counted` names, which says how many they are.

    Attributes:
        metrics: The model's metrics over them.
        differences: The model's metrics less those of each other system.
    """

    metrics: Metrics
    differences: dict[str, dict[str, Interval]] = {}


class PartImportance(_Part):
    """A part of what a model reads.

    Attributes:
        name: What it is about.
        mean: By how much the metric gets worse where the part is shuffled among the examples.
        deviation: Standard deviation of that over the repeats.
    """

    name: str
    mean: float
    deviation: float


class Importance(_Part):
    """What matters to a model; see `trainer.metrics.permutation.permutation_importance`.

    Attributes:
        metric: What was measured.
        value: What it is where nothing is shuffled.
        examples: How many of the test examples were asked about; lists of candidates where products are ranked.
        repeats: How often each part was shuffled.
        parts: What matters most first.
    """

    metric: str
    value: float
    examples: int
    repeats: int
    parts: list[PartImportance]


class TaskSummary(_Part):
    """What a run did for one task; a task adds keys of its own, which `detail` returns.

    Attributes:
        metrics: Metrics by split, which is `test`.
        baselines: Metrics of each baseline.
        differences: The model's metrics less those of each baseline.
        ablation: The model without its parts, by name.
        slices: Metrics by the name of a slice; empty where none is large enough.
        importance: What matters to the model; None where that is not measured.
        blessed: Whether gate and serving validator let the model pass.
        refused_because: One sentence a reason.
        notes: What fell short and was no reason to refuse, and what the task's data lack, one sentence each.
        pushed: Folder of the version that this run pushed; None where it pushed none.
        waiting: Folder of the version that this run made and a person has to approve; None where there is none.
        examples: Examples by split.
        counts: Names and numbers of what the task learned from.
        model_bytes: Size of the served model.
        fingerprint: Digest of all that decides what the run's nodes put out.
        compared_with: Folder of the served model that this one was compared with, or empty.
    """

    metrics: dict[str, Metrics]
    baselines: dict[str, Metrics]
    differences: dict[str, dict[str, Interval]] = {}
    ablation: dict[str, AblatedSystem] = {}
    slices: dict[str, Slice] | None = None
    importance: Importance | None = None
    blessed: bool
    refused_because: list[str]
    notes: list[str] = []
    pushed: str | None
    waiting: str | None = None
    examples: dict[str, int]
    counts: dict[str, Any]
    model_bytes: int
    fingerprint: str = ""
    compared_with: str = ""

    def detail(self, name: str) -> Any:
        """Returns what a key says that only some tasks have; None where this one has no such key."""
        return (self.model_extra or {}).get(name)


class TableCounts(_Part):
    """Rows of a table.

    Attributes:
        rows: Rows that were read.
        good: Those of them that are used: neither refused nor set aside.
    """

    rows: int
    good: int


class ColumnDrift(_Part):
    """How far a column has moved since the last run, by one measure.

    Attributes:
        column: Its name.
        measure: The key of `drift` that bounds it.
        value: How far.
        limit: How far it may; never less than what may be chance.
        what: What has changed and by how much, as the end of a sentence.
        too_far: Whether it is more than it may be.
    """

    column: str
    measure: str
    value: float
    limit: float
    what: str
    too_far: bool


class RunSummary(_Part):
    """What a run did.

    Attributes:
        version: Of this form.
        config: The configuration, as JSON has it; a task that was not asked for is null.
        tasks: Each task's part, by name.
        tables: Rows of each table.
        quarantine: Refused rows of each table, by reason.
        set_aside: Rows of each table that are right but not used, by reason.
        drift: Of each table, how far its columns have moved since the last run; empty where there was none.
        notes: What the shop should know of its tables and how they fit together, one sentence each.
        seconds: Wall time of each node.
        node_peak_bytes: Largest resident size of the processes that worked on each node; none for one from the cache.
        node_cpu_seconds: What those processes had of all processors together, in seconds; grows little where the
            machine is busy with other things, unlike `seconds`.
        total_seconds: Wall time of the run.
        peak_rss_bytes: Largest memory of all processes of the run together, read once a second; pages that several
            share count once.
    """

    version: Literal[1]
    config: dict[str, Any]
    tasks: dict[str, TaskSummary]
    tables: dict[str, TableCounts] = {}
    quarantine: dict[str, dict[str, int]] = {}
    set_aside: dict[str, dict[str, int]] = {}
    drift: dict[str, list[ColumnDrift]] = {}
    notes: list[str] = []
    seconds: dict[str, float]
    node_peak_bytes: dict[str, int] = {}
    node_cpu_seconds: dict[str, float] = {}
    total_seconds: float
    peak_rss_bytes: int

    @property
    def blessed(self) -> bool:
        """Whether every task's model was."""
        return all(task.blessed for task in self.tasks.values())
