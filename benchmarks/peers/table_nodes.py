"""Runs the nodes that read the tables, of whatever checkout of this project it is told, when it is asked to.

It is called with a configuration and with JSON of `checkout`, a folder. Each line on its standard input makes it run
`<Table>ExampleGen` and `<Table>StatisticsGen` of all tables once, without a cache; the answer has the seconds of each.
"""

import contextlib
import importlib
import json
import sys
import tempfile
from pathlib import Path

# Modules have moved between builds.
_CONFIG = ("tfx_pipeline.config.config", "tfx_pipeline.config")
_INPUTS = ("tfx_pipeline.shop.inputs", "tfx_pipeline.inputs")
_NODES = ("ExampleGen", "StatisticsGen")


class _Silence:
    """Takes the place of what shows progress."""

    def started(self, node_id):
        """Shows nothing."""

    def advanced(self, node_id, report):
        """Shows nothing."""

    def finished(self, result):
        """Shows nothing."""

    def failed(self, node_id):
        """Shows nothing."""


def _load(*names):
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            module = importlib.import_module(name)
            if hasattr(module, "load_config") or hasattr(module, "PipelineInputs"):
                return module
    raise ModuleNotFoundError(f"none of {', '.join(names)} is in {sys.path[0]}")


def main():
    """Answers lines until there are no more."""
    config_file, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    sys.path.insert(0, settings["checkout"])
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        config = _load(*_CONFIG).load_config(config_file)
        inputs = _load(*_INPUTS)
        from tfx_pipeline import local_runner, pipeline

        print(json.dumps({"version": settings["checkout"]}), file=answers, flush=True)
        for _ in sys.stdin:
            with tempfile.TemporaryDirectory() as root:
                given = inputs.PipelineInputs(
                    table_digests=dict.fromkeys(config.tables.given(), "digest"), serving_root=f"{root}/serving"
                )
                whole = pipeline.create_pipeline(config, given, root, f"{root}/metadata.sqlite")
                kept = [node for node in whole.components if node.id.endswith(_NODES)]
                for node in kept:
                    node.downstream_nodes.intersection_update(
                        kept
                    )  # TFX refuses to be told of nodes that are not there.
                whole.components = kept
                results = local_runner.run_locally(whole, _Silence())
            seconds = {node_id: result.seconds for node_id, result in results.items()}
            print(json.dumps(seconds), file=answers, flush=True)


main()
