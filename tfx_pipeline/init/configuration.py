"""The commented configuration of a guess."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tfx_pipeline.init.proposal import Proposal, ProposedColumn, ProposedSource
from tfx_pipeline.init.tasks import TaskGuess
from tfx_pipeline.init.yaml_writer import Commented, to_yaml

_OPTIONS = {
    "split": "The events have places and no times: each user's last group is what is tested.",
    "event_types": "What counts as something to predict, by its weight; 0 keeps a type in histories alone.",
    "bought_event_type": "What makes a product one that the user has bought.",
    "min_product_events": "Products with fewer events teach little; 1 takes each that somebody touched.",
}
_TITLES_OFF = "No product has a title, so texts are off, and the catalogue is the ids in events."


def commented_configuration(
    proposal: Proposal,
    tasks: Mapping[str, TaskGuess],
    *,
    has_titles: bool,
    unknown_product_fraction: float | None,
    unsure: Iterable[str],
    command: str,
) -> Commented:
    """Returns the configuration as it is written.

    Args:
        proposal: The tables.
        tasks: What each task is given.
        has_titles: Whether products with titles are among the tables.
        unknown_product_fraction: Share of the events whose product may be missing, if it is not the usual one.
        unsure: What a person should look at.
        command: How to run it.
    """
    values: dict[str, Any] = {"name": "my-shop"}
    document = Commented(values=values)
    document.above["name",] = _head(proposal, unsure, command)
    if proposal.time_zone != "UTC" or any(source.time and not source.time.names_zone for source in proposal.sources):
        values["time_zone"] = proposal.time_zone
        document.above["time_zone",] = ["Where days and weeks begin, and what times that name no zone are read in."]
    values["tables"] = {}
    for table in proposal.tables():
        _add_table(document, table, proposal.of_table(table))
    if unknown_product_fraction is not None:
        values["limits"] = {"max_unknown_product_fraction": unknown_product_fraction}
        document.above["limits",] = ["Many events are of products that the products table lacks, and are left out."]
    if not has_titles and not {"texts", "answers"} & set(values["tables"]):
        values["text"] = False
        document.above["text",] = [_TITLES_OFF]
    values["tasks"] = {}
    others = []
    for name, task in tasks.items():
        if task.options is None:
            others.append(f"Not here: {name}. {task.why}")
            continue
        if not task.proposed:
            block = to_yaml(Commented(values={name: dict(task.options)})).splitlines()
            others += [f"Possible too: {name}. {task.why} Add below:", *(f"   {line}" for line in block)]
            continue
        values["tasks"][name] = dict(task.options)
        for option in task.options:
            document.above["tasks", name, option] = [_OPTIONS[option]] if option in _OPTIONS else []
        document.above["tasks", name] = [task.why]
    document.above["tasks",] = others
    return document


def _head(proposal: Proposal, unsure: Iterable[str], command: str) -> list[str]:
    what = f", which look like an export of {proposal.layout}" if proposal.layout else ""
    files = ", ".join(dict.fromkeys(source.sample.label for source in proposal.sources))
    head = [f"Written by `shelfwise init` from {files}{what}. Run it with:", f"  {command}"]
    head += [f"Note: {remark}" for remark in proposal.remarks]
    head += [f"Please check: {remark}" for remark in unsure]
    return head


def _add_table(document: Commented, table: str, sources: Sequence[ProposedSource]) -> None:
    written = [_short(source) for source in sources]
    document.values["tables"][table] = written[0] if len(written) == 1 else written
    for number, source in enumerate(sources):
        place = ("tables", table) if len(sources) == 1 else ("tables", table, str(number))
        described = {column.name: _described(column) for column in source.columns}
        if isinstance(written[number], str):
            document.above.setdefault(("tables", table), []).extend(
                f"  {name}  {words}" for name, words in described.items()
            )
        notes = described | {name: f"not used: {why}" for name, why in source.unused.items()}
        for name in source.options["columns"]:
            document.beside[*place, "columns", name] = notes[name]


def _described(column: ProposedColumn) -> str:
    # A configuration goes from hand to hand; who the users are stays out of it.
    return column.what if column.name == "user_id" else f"{column.what}: {shown(column.examples())}"


def _short(source: ProposedSource) -> Any:
    """Returns a source as a path where nothing else has to be said."""
    same = all(theirs == name for name, theirs in source.options["columns"].items())
    bare = same and set(source.options) == {"path", "columns"}
    return source.options["path"] if bare else _plain(source.options)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def shown(values: Sequence[Any], width: int = 60) -> str:
    """Returns values on one line, cut to a width."""
    line = ", ".join(" ".join(str(value).split()) for value in values)
    return line if len(line) <= width else f"{line[: width - 1]}…"
