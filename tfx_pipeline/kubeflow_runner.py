"""Compiles the pipeline for Kubeflow Pipelines, or for Vertex AI Pipelines."""

import json
from pathlib import Path
from typing import Any

import yaml
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig
from tfx.orchestration.pipeline import Pipeline

from components.pushing.atomic_pusher import AtomicPusher
from tfx_pipeline.cluster.beam_runners import beam_of_steps
from tfx_pipeline.cluster.container_step import KEEP_URIS_FLAG
from tfx_pipeline.cluster.options import CompileOptions, check_options
from tfx_pipeline.cluster.parameters import submission_inputs
from tfx_pipeline.cluster.resources import platform_document, set_resources
from tfx_pipeline.cluster.worker_manifest import as_worker_job, workers_of_steps
from tfx_pipeline.config.config import Config
from tfx_pipeline.pipeline import create_pipeline
from tfx_pipeline.shop.beam_options import REMOTE_RUNNERS

_STEP = ["python", "-m", "tfx_pipeline.cluster.container_step"]
_VERTEX_STEP = ["python", "-m", "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"]


def compile_pipeline(config: Config, options: CompileOptions, out: Path) -> None:
    """Writes a bare PipelineSpec (schema 2.1.0) as YAML, or for Vertex AI a PipelineJob as JSON.

    The YAML has a second document where volumes or nodes are asked for.

    Args:
        config: What to run, with table paths as they were written.
        options: What the cluster is asked for.
        out: File, written whole or not at all.

    Raises:
        ConfigError: An option or a key of the configuration makes no sense on a cluster.
    """
    check_options(options, config)
    config = config.model_copy(update={"beam": beam_of_steps(options, config)})
    inputs = submission_inputs(
        config, options.where_to_serve(), options.where_to_keep_checkpoints(), update=options.update
    )
    pipeline = create_pipeline(
        config, inputs, options.pipeline_root.rstrip("/"), beam_args=config.beam.arguments("python")
    )
    set_resources(pipeline, options)
    job = _compile(pipeline, options, keep_uris=config.beam.runner in REMOTE_RUNNERS)
    if options.vertex:
        text = json.dumps(job, indent=2, sort_keys=True) + "\n"
    else:
        documents = [job["pipelineSpec"], platform_document(pipeline, options)]
        text = yaml.safe_dump_all([document for document in documents if document], sort_keys=True, allow_unicode=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(out)


def _compile(pipeline: Pipeline, options: CompileOptions, keep_uris: bool) -> dict[str, Any]:
    # Beam's workers elsewhere would not see the launcher's copies.
    on_kubeflow = [*_STEP, KEEP_URIS_FLAG] if keep_uris else _STEP
    runner_config = KubeflowV2DagRunnerConfig(
        display_name=pipeline.pipeline_info.pipeline_name,
        default_image=options.image,
        default_commands=_VERTEX_STEP if options.vertex else on_kubeflow,
        use_pipeline_spec_2_1=True,
    )
    job: dict[str, Any] = KubeflowV2DagRunner(runner_config).run(pipeline, write_out=False)
    # TFX leaves the defaults out, and the backend then asks for every parameter.
    job["pipelineSpec"]["defaultPipelineRoot"] = options.pipeline_root.rstrip("/")
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    for step, workers in workers_of_steps(pipeline, options).items():
        as_worker_job(executors[f"{step}_executor"]["container"], step, workers, on_kubeflow, options)
    declared = job["pipelineSpec"]["root"]["inputDefinitions"]["parameters"]
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    for node in pipeline.components:
        if isinstance(node, AtomicPusher):
            # Always asked, and it pushes nothing twice: taken from the cache it would not see that a model is gone.
            tasks[node.id]["cachingOptions"] = {"enableCache": False}
        for value in node.exec_properties.values():
            if isinstance(value, RuntimeParameter) and value.default is not None:
                declared[value.name]["defaultValue"] = value.default
    return job
