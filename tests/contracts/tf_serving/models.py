"""Writes the models that the conformance suite asks about, and the configuration that serves them.

`python -m tests.contracts.tf_serving.models FOLDER` prepares a folder for another server: see README.md here.
"""

import sys
from pathlib import Path

from tests.contracts.tf_serving.echo import write_classes, write_counter, write_echo
from tests.contracts.tf_serving.half_plus_two import write_half_plus_two
from tests.serving.server.tiny_models import write_witness

CONFIG_FILE = "models.config"
BATCHING_FILE = "batching.config"
MONITORING_FILE = "monitoring.config"

_CONFIG = """
model_config_list {{
  config {{
    name: "half_plus_two" base_path: "{folder}/half_plus_two" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 123 }} }}
    version_labels {{ key: "Version_Label" value: 123 }}
  }}
  config {{
    name: "half_plus_two_2_versions" base_path: "{folder}/half_plus_two" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 123 versions: 124 }} }}
  }}
  config {{ name: "half_plus_three" base_path: "{folder}/half_plus_three" model_platform: "tensorflow" }}
  config {{ name: "echo" base_path: "{folder}/echo" model_platform: "tensorflow" }}
  config {{ name: "classes" base_path: "{folder}/classes" model_platform: "tensorflow" }}
  config {{ name: "counter" base_path: "{folder}/counter" model_platform: "tensorflow" }}
  config {{ name: "witness" base_path: "{folder}/witness" model_platform: "tensorflow" }}
}}
"""
_BATCHING = """
max_batch_size { value: 4 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 1 }
"""
_MONITORING = 'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }\n'


def write_models(folder: Path, served_from: Path | None = None) -> None:
    """Writes models and configuration files.

    Args:
        folder: Where to.
        served_from: What the server will know the folder as, as in a container.
    """
    write_half_plus_two(folder / "half_plus_two")
    write_half_plus_two(folder / "half_plus_three", plus=3.0)
    write_echo(folder / "echo")
    write_classes(folder / "classes")
    write_counter(folder / "counter")
    write_witness(folder / "witness")
    (folder / CONFIG_FILE).write_text(_CONFIG.format(folder=served_from or folder), encoding="utf-8")
    (folder / BATCHING_FILE).write_text(_BATCHING, encoding="utf-8")
    (folder / MONITORING_FILE).write_text(_MONITORING, encoding="utf-8")


if __name__ == "__main__":
    write_models(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
