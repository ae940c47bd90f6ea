"""What a pipeline needs to know of the world outside: the tables' content, the last blessed models, the user key.

On Kubeflow there are no resolver nodes and no drivers, so these facts are looked up before the pipeline is made,
and enter it as plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.parameters import IntParameter, Parameter


@dataclass(frozen=True, kw_only=True)
class PipelineInputs:
    """What `create_pipeline` takes beside the configuration: plain values, or parameters of a later submission.

    Attributes:
        table_digests: sha256 of each table's content, by table name.
        serving_root: Folder or URI below which each model's versions are pushed.
        data: Folder or URI that relative table paths are taken from; empty where there are none.
        user_id_key: Key of the hashes that stand for user ids in the quarantine; empty shows user ids as they are.
        forgotten: JSON that names the list of users whose rows are left out; empty where there is none.
        last_blessed: Path of the model that each task's new model must not be worse than, by task name.
        steps: The most batches to train each task on, by task name; none or 0 for as many as the configuration says.
        checkpoints: Folder or URI that trainers keep their checkpoints below; empty for each node's own folder.
        thresholds: JSON of the gate's thresholds, by task name; none or empty for those of the configuration.
        earlier: URIs of what an update starts from, as `{"SearchTrainer.model": URI}`: a node and one of its outputs;
            none in a run.
    """

    table_digests: Mapping[str, Parameter]
    serving_root: Parameter
    data: Parameter = ""
    user_id_key: Parameter = ""
    forgotten: Parameter = ""
    last_blessed: Mapping[str, Parameter] = field(default_factory=dict)
    steps: Mapping[str, IntParameter] = field(default_factory=dict)
    checkpoints: Parameter = ""
    thresholds: Mapping[str, Parameter] = field(default_factory=dict)
    earlier: Mapping[str, Parameter] = field(default_factory=dict)

    def earlier_output(self, node_id: str, output: str) -> Parameter:
        """Returns the URI of what a node put out before; empty in a run."""
        return self.earlier.get(f"{node_id}.{output}", "")
