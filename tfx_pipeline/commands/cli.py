"""The command line `shelfwise`. Each command imports what it needs, so that a client never loads TFX."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from components.errors import InputError
from serving.quiet_import import quiet_import
from tfx_pipeline.config.config import load_config, read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.tuned_option import METHODS
from tfx_pipeline.terminal.console import console, error_console
from tfx_pipeline.terminal.exit_codes import EXIT_BAD_INPUT, EXIT_OTHER, EXIT_REFUSED
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.terminal.options import Address, AsJson, Root
from tfx_pipeline.updates import commands as update_commands

app = typer.Typer(
    name="shelfwise",
    help="Shop tables in, served models out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for task in TASKS.values():
    task_commands = task.commands()
    if task_commands is not None:
        app.add_typer(task_commands)
app.add_typer(update_commands.app)

ConfigFile = Annotated[Path, typer.Option("--config", help="YAML configuration.")]
Overrides = Annotated[list[str], typer.Option("--set", help="key.key=value that replaces what the file says.")]
OnlyTasks = Annotated[str, typer.Option("--tasks", help="Comma-separated names of the tasks to run; all by default.")]
Data = Annotated[str, typer.Option(help="Folder or URI that the tables' relative paths are taken from.")]
Parameters = Annotated[list[str], typer.Option("--parameter", "-p", help="name=value of the submission.")]


@app.command()
def init(
    files: Annotated[list[str], typer.Argument(help="Files, folders and globs with the shop's tables.")],
    out: Annotated[Path, typer.Option(help="Configuration to write.")] = Path("shop.yaml"),
) -> None:
    """Look at files of a shop, and write a configuration that runs."""
    with quiet_import():
        from tfx_pipeline.commands.init_command import init as init_files

    init_files(files, out)


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(help="Name of the data set, such as complete_journey or vader_reviews.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables.")],
    source: Annotated[Path | None, typer.Option(help="Where the data set lies, if it has no package.")] = None,
    sample: Annotated[float, typer.Option(help="Share of the users to keep.")] = 1.0,
) -> None:
    """Turn a known data set into Shelfwise's tables."""
    from tfx_pipeline.datasets import prepare_dataset

    for table, rows in prepare_dataset(name, out, source, sample).items():
        console.print(f"  {table:<12}{rows:>12,} rows")


@app.command()
def run(
    config: ConfigFile,
    root: Root = Path("runs/default"),
    tasks: OnlyTasks = "",
    overrides: Overrides = [],  # noqa: B006  Typer wants a literal default.
) -> None:
    """Validate, transform, train, judge and push."""
    loaded = load_config(config, overrides, _names(tasks))
    from tfx_pipeline.running.start import run_pipeline
    from tfx_pipeline.running.summary_table import print_summary

    summary = run_pipeline(loaded, root)
    print_summary(summary, root)
    if not summary.blessed:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def tune(
    config: ConfigFile,
    root: Root = Path("runs/default"),
    task: Annotated[str, typer.Option(help="The task whose options are searched.")] = "classification",
    trials: Annotated[int, typer.Option(min=1, help="Trainings; the first one is of the options as they are.")] = 12,
    minutes: Annotated[float, typer.Option(min=0.0, help="After so long no further training begins.")] = 60.0,
    method: Annotated[str, typer.Option(help="`bayesian` or `hyperband`.")] = "bayesian",
    out: Annotated[Path | None, typer.Option(help="Configuration to write; else FILE-tuned.yaml beside FILE.")] = None,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Search a task's options by trainings that the validation split judges; goes on where it was stopped."""
    if method not in METHODS:
        raise InputError(f"--method {method}: expected one of {', '.join(METHODS)}")
    with quiet_import():
        from tfx_pipeline.tuning.command import tune as tune_task

    tune_task(config, root, task, trials, minutes, METHODS[method], out, overrides)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    root: Root = Path("runs/default"),
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="gRPC port; 0 picks a free one.")] = 8500,
    rest_port: Annotated[int | None, typer.Option(help="REST port; else the one after the gRPC port.")] = None,
) -> None:
    """Serve the pushed models over TF Serving's gRPC and REST until stopped; takes all of the server's options."""
    from tfx_pipeline.commands.serve_command import serve as serve_pushed

    serve_pushed(root, host, port, rest_port, context.args)


@app.command()
def gateway(
    root: Root = Path("runs/default"),
    config: Annotated[Path | None, typer.Option(help="YAML configuration; else that of the last run.")] = None,
    overrides: Overrides = [],  # noqa: B006
    models: Annotated[str, typer.Option(help="HOST:PORT of the served models; else they are served here.")] = "",
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="HTTP port; 0 picks a free one.")] = 8600,
    folder: Annotated[Path | None, typer.Option(help="Folder of store and log; else ROOT/gateway.")] = None,
    catalogue: Annotated[
        list[Path], typer.Option(help="A run's catalogue.parquet, which says what sells; else ROOT's.")
    ] = [],  # noqa: B006
) -> None:
    """Take events and answer with the shop's words, over HTTP, until stopped; the page is at `/`."""
    from tfx_pipeline.commands.gateway_command import gateway as serve_gateway

    serve_gateway(root, config, overrides, models, host, port, folder, catalogue)


@app.command()
def forget(
    user: Annotated[str, typer.Option(help="The user's id, as the shop's tables have it.")],
    root: Root = Path("runs/default"),
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the gateway's store and log; else ROOT/gateway.")
    ] = None,
) -> None:
    """Forget a user: in artifacts, store and log now, and in every later run."""
    with quiet_import():
        from tfx_pipeline.forgetting.forget import forget_user

    done = forget_user(root, user, folder)
    console.print(
        f"{'listed' if done.listed else 'was listed already'}; removed {done.artifact_rows:,} rows from artifacts, "
        f"{done.store_rows:,} from the gateway's store, {done.log_rows:,} from its log"
    )
    for model, version in done.models.items():
        console.print(f"{model} {version} has learned from users who were forgotten, until the next run or update")


@app.command()
def compare(
    root: Root = Path("runs/default"),
    model: Annotated[str, typer.Option(help="Name of the model.")] = "recommendation",
    versions: Annotated[str, typer.Option(help="Two versions, as A,B; else the two newest ones.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Folder of the gateway's log; else ROOT/gateway.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which version's answers users took more of, as the gateway's log has it."""
    from tfx_pipeline.commands.compare_command import compare_versions

    compare_versions(root, folder, model, versions, as_json)


@app.command()
def opinions(
    root: Root = Path("runs/default"),
    negative: Annotated[list[str], typer.Option(help="Label of negative reviews; else `negative`.")] = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Say in which weeks reviews were worse than usual, what they are about, and which are copies."""
    from tfx_pipeline.commands.opinions_command import watch

    watch(root, negative, as_json)


@app.command()
def enrich(
    root: Root = Path("runs/default"),
    field: Annotated[
        list[str], typer.Option(help="Column of products to fill; else brand, category and the configured ones.")
    ] = [],  # noqa: B006
    least_right: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Share of what is filled that has to be right.")
    ] = 0.97,
) -> None:
    """Fill what products lack from their texts, with evidence, as a table to review."""
    from tfx_pipeline.commands.enrich_command import enrich as enrich_products

    enrich_products(root, field, least_right)


@app.command(name="compile")
def compile_spec(
    config: ConfigFile,
    image: Annotated[str, typer.Option(help="Container image with Shelfwise installed, with its tag.")],
    pipeline_root: Annotated[str, typer.Option(help="URI below which the cluster keeps artifacts.")],
    out: Annotated[Path, typer.Option(help="YAML file to write; JSON with --vertex.")],
    serving_root: Annotated[str, typer.Option(help="gs:// URI for the served models; else below the root.")] = "",
    serving_claim: Annotated[str, typer.Option(help="Volume claim for the served models instead.")] = "",
    cpu: Annotated[list[str], typer.Option(help="Limit of each step: 4, or STEP=4.")] = [],  # noqa: B006
    memory: Annotated[list[str], typer.Option(help="Limit of each step: 16Gi, or STEP=16Gi.")] = [],  # noqa: B006
    accelerator: Annotated[list[str], typer.Option(help="nvidia.com/gpu:1, or STEP=…; for training steps.")] = [],  # noqa: B006
    node_selector: Annotated[list[str], typer.Option(help="label=value of nodes with the accelerator.")] = [],  # noqa: B006
    beam_runner: Annotated[
        str, typer.Option(help="local, multiprocess, portable, flink, spark or dataflow; else the configuration's.")
    ] = "",
    workers: Annotated[list[str], typer.Option(help="Pods that train together: 4, or STEP=4.")] = [],  # noqa: B006
    vertex: Annotated[bool, typer.Option("--vertex", help="For Vertex AI Pipelines.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Take what to start from as parameters of a submission.")
    ] = False,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Write the pipeline as a Kubeflow Pipelines specification."""
    from tfx_pipeline.cluster.options import CompileOptions, check_options

    runner = [f"beam.runner={beam_runner}"] if beam_runner else []
    loaded = read_config(config, [*runner, *overrides])
    options = CompileOptions(
        image=image,
        pipeline_root=pipeline_root,
        serving_root=serving_root,
        serving_claim=serving_claim,
        cpu=cpu,
        memory=memory,
        accelerator=accelerator,
        node_selector=node_selector,
        workers=workers,
        vertex=vertex,
        update=update,
    )
    check_options(options, loaded)  # Before TFX is loaded, which takes its time.
    with logs_in(Path(os.devnull)):
        from tfx_pipeline.kubeflow_runner import compile_pipeline

        compile_pipeline(loaded, options, out)
    console.print(f"wrote {out}")


@app.command()
def run_spec(
    spec: Annotated[Path, typer.Argument(help="What `shelfwise compile` wrote.")],
    root: Root = Path("runs/spec"),
    data: Data = "",
    parameter: Parameters = [],  # noqa: B006
) -> None:
    """Run a compiled pipeline here, each step as its container would, without a cluster."""
    given = _parameters(data, parameter)
    console.print("loading TFX …")
    with logs_in(root / "logs" / "run-spec.log") as terminal:
        from tfx_pipeline.cluster.start import run_spec_here

        pushed = run_spec_here(spec, root, given, terminal)
    if not pushed:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def submit(
    spec: Annotated[Path, typer.Option(help="What `shelfwise compile` wrote.")],
    host: Annotated[str, typer.Option(help="URL of Kubeflow Pipelines.")],
    data: Data = "",
    parameter: Parameters = [],  # noqa: B006
    experiment: Annotated[str, typer.Option(help="Runs are listed under this name.")] = "shelfwise",
    namespace: Annotated[str, typer.Option(help="Your profile's namespace, where there are several.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="File with a bearer token for the server.")] = None,
) -> None:
    """Start a compiled pipeline on a cluster, with the digests of the tables and the model that was pushed last."""
    try:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--token-file {token_file}: expected a file with a token: {error}") from error
    given = _parameters(data, parameter)
    with logs_in(Path(os.devnull)):
        from tfx_pipeline.cluster.compiled_pipeline import read_compiled
        from tfx_pipeline.cluster.submission import Server, submit

        server = Server(host=host, token=token, namespace=namespace, experiment=experiment)
        submission = submit(read_compiled(spec), given, server)
    for name, value in submission.parameters.items():
        shown = "…" if name == "user_id_key" else value
        console.print(f"  {name:<32}{shown}")
    console.print(f"submitted {submission.url}")


def _parameters(data: str, parameters: list[str]) -> dict[str, str]:
    given = {"data": data} if data else {}
    for parameter in parameters:
        name, separator, value = parameter.partition("=")
        if not separator or not name:
            raise ConfigError(f"--parameter {parameter}: expected name=value")
        given[name] = value
    return given


@app.command()
def load(
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="Requests a second.")],
    seconds: Annotated[float, typer.Option(min=0.1, max=86_400, help="For how long requests leave.")],
    model: Annotated[str, typer.Option(help="Name of the model.")] = "search",
    signature: Annotated[str, typer.Option(help="Name of the signature.")] = "serving_default",
    requests: Annotated[
        Path | None, typer.Option(help='JSON Lines of inputs such as {"query": "tea pot"}; what is left out is empty.')
    ] = None,
    timeout_seconds: Annotated[float, typer.Option(min=0.001, help="How long each answer may take.")] = 10.0,
    warm_up_seconds: Annotated[float, typer.Option(min=0.0, max=3600, help="Time before that does not count.")] = 1.0,
    most_in_flight: Annotated[int, typer.Option(min=1, max=10_000, help="Requests that wait at once.")] = 1000,
    address: Address = "localhost:8500",
    as_json: AsJson = False,
) -> None:
    """Ask a server at a steady rate, and show latencies and errors; it may be stock TF Serving too."""
    from shelfwise_client.open_loop import Load
    from tfx_pipeline.commands import load_command

    limits = Load(rate=rate, seconds=seconds, warm_up_seconds=warm_up_seconds, most_in_flight=most_in_flight)
    answered = load_command.load(
        address, model, signature, limits, requests=requests, timeout_seconds=timeout_seconds, as_json=as_json
    )
    if not answered:
        raise typer.Exit(EXIT_OTHER)


@app.command()
def demo(root: Root = Path("runs/demo"), tasks: OnlyTasks = "") -> None:
    """Run everything on Complete Journey: prepare, train, push, serve, ask."""
    from tfx_pipeline.commands.demo import run_demo

    if not run_demo(root, _names(tasks)):
        raise typer.Exit(EXIT_REFUSED)


def _names(tasks: str) -> list[str]:
    return [name for name in tasks.split(",") if name]


def main() -> None:
    """Runs the command line; a user's mistake ends in one message and exit code 2, never in a traceback."""
    try:
        app()
    except (ConfigError, InputError) as error:
        error_console.print(f"error: {error}")
        sys.exit(EXIT_BAD_INPUT)
    except (RuntimeError, OSError) as error:
        error_console.print(f"error: {error}")
        sys.exit(EXIT_OTHER)
    except KeyboardInterrupt:
        error_console.print("stopped")
        sys.exit(EXIT_OTHER)
