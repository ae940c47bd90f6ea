"""Compiles the pipeline to a PipelineSpec of Kubeflow Pipelines."""

import tempfile
from pathlib import Path

from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig

from tfx_pipeline.config import Config
from tfx_pipeline.inputs import PipelineInputs
from tfx_pipeline.pipeline import create_pipeline


def compile_pipeline(config: Config, *, image: str, pipeline_root: str, out: Path) -> None:
    """Writes the bare PipelineSpec (schema 2.1.0) that the open-source Kubeflow Pipelines backend takes.

    Args:
        config: What to run; its table paths must be readable inside the cluster.
        image: Container image with Shelfwise installed.
        pipeline_root: URI below which the cluster keeps artifacts and served models.
        out: YAML file, written whole or not at all.
    """
    inputs = PipelineInputs(table_digests=dict.fromkeys(config.tables.given(), ""))
    pipeline = create_pipeline(config, inputs, pipeline_root.rstrip("/"))
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    runner_config = KubeflowV2DagRunnerConfig(display_name=config.name, default_image=image, use_pipeline_spec_2_1=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        KubeflowV2DagRunner(runner_config, output_dir=folder, output_filename="pipeline.yaml").run(pipeline)
        (Path(folder) / "pipeline.yaml").rename(out)
