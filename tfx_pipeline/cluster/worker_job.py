"""`python -m tfx_pipeline.cluster.worker_job`: what the container of a training step of several workers runs.

    … worker_job --workers=N --manifest=JOBSET -- COMMAND …

It is called in three places. In the step's own pod it makes the JobSet and waits for it; in each pod of that job it
tells the command who all are, by TF_CONFIG, and becomes the command; and where there is no cluster it starts the
workers as processes of this machine. In the last case a worker that fails ends the others, and all are begun again, as
the JobSet has it.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from tfx_pipeline.terminal.exit_codes import EXIT_BAD_INPUT, EXIT_OTHER

WORKERS_FLAG, MANIFEST_FLAG = "--workers", "--manifest"
PORT = 2222
# Set by Kubernetes in every pod, by an indexed Job in its pods, and by us in those.
_IN_CLUSTER, _PLACE, _JOB = "KUBERNETES_SERVICE_HOST", "JOB_COMPLETION_INDEX", "SHELFWISE_JOB"
_INPUT_FLAG = "--json_serialized_invocation_args"
_POLL_SECONDS, _LOCAL_POLL_SECONDS = 10.0, 0.2
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_GROUP = {"group": "jobset.x-k8s.io", "version": "v1alpha2", "plural": "jobsets"}


def main(arguments: Sequence[str]) -> int:
    """Does what the place where it is called asks for, and returns the exit status."""
    separator = list(arguments).index("--")
    own = dict(argument.split("=", 1) for argument in arguments[:separator])
    workers, manifest, command = int(own[WORKERS_FLAG]), json.loads(own[MANIFEST_FLAG]), arguments[separator + 1 :]
    if _PLACE in os.environ:
        os.environ["TF_CONFIG"] = tf_config(pod_addresses(os.environ[_JOB], workers), int(os.environ[_PLACE]))
        os.execvp(command[0], list(command))
    if _IN_CLUSTER in os.environ:
        return _run_job(manifest, [sys.executable, "-m", __spec__.name if __spec__ else __name__, *arguments])
    return run_here(workers, command, restarts=int(manifest["spec"]["failurePolicy"]["maxRestarts"]))


def tf_config(addresses: Sequence[str], place: int) -> str:
    """Returns what TensorFlow is told in TF_CONFIG: all workers, and which of them this one is."""
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": place}})


def pod_addresses(job: str, workers: int) -> list[str]:
    """Returns where the pods of a JobSet find each other."""
    return [f"{job}-workers-0-{place}.{job}:{PORT}" for place in range(workers)]


def run_here(workers: int, command: Sequence[str], restarts: int) -> int:
    """Runs the workers as processes of this machine.

    Args:
        workers: How many.
        command: What each runs; what it writes goes where this process writes.
        restarts: How often all are begun again after one has failed.

    Returns:
        0, or the exit status of the worker that failed. Bad input is not tried again.
    """
    status = EXIT_OTHER
    for _ in range(restarts + 1):
        status = _run_once(workers, command)
        if status in (0, EXIT_BAD_INPUT):
            break
        sys.stderr.write(f"A worker ended with {status}; all of them are begun again.\n")
    return status


def _run_once(workers: int, command: Sequence[str]) -> int:
    addresses = _free_addresses(workers)
    with tempfile.TemporaryDirectory() as scratch:
        processes = []
        try:
            for place in range(workers):
                environment = {**os.environ, "TF_CONFIG": tf_config(addresses, place)}
                processes.append(subprocess.Popen(_own_command(command, place, scratch), env=environment))
            with _ended_as_by_ctrl_c():
                return _first_failure(processes)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _first_failure(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Waits for all to end well, or for the first that does not; returns its exit status, or 0."""
    while True:
        ended = [status for process in processes if (status := process.poll()) is not None]
        failed = [status for status in ended if status]
        if failed:
            return EXIT_BAD_INPUT if EXIT_BAD_INPUT in failed else EXIT_OTHER
        if len(ended) == len(processes):
            return 0
        time.sleep(_LOCAL_POLL_SECONDS)


def _own_command(command: Sequence[str], place: int, scratch: str) -> list[str]:
    """Returns a worker's command; what all but the chief say of their outputs goes nowhere."""
    own = list(command)
    if place and _INPUT_FLAG in own:
        told = json.loads(own[own.index(_INPUT_FLAG) + 1])
        told["outputs"]["outputFile"] = f"{scratch}/{place}/output_metadata.json"
        own[own.index(_INPUT_FLAG) + 1] = json.dumps(told)
    return own


def _free_addresses(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


class _ended_as_by_ctrl_c:  # noqa: N801
    """Lets a polite end stop the workers too."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _interrupt(_signal_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt


def job_of_run(manifest: Mapping[str, Any], name: str, command: Sequence[str], pod: Any) -> dict[str, Any]:
    """Returns the JobSet of one run: with a name, a command, and the step's pod as its owner and pattern.

    Args:
        manifest: As `worker_manifest` makes it.
        name: Of the JobSet.
        command: What each pod runs.
        pod: The step's own pod, as the Kubernetes client has it.
    """
    job: dict[str, Any] = json.loads(json.dumps(manifest))
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod.metadata.name, "uid": pod.metadata.uid}
    # It goes with the step's pod, however that ends.
    job["metadata"] |= {"name": name, "ownerReferences": [owner]}
    spec = job["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]
    spec["serviceAccountName"] = pod.spec.service_account_name
    spec["containers"][0] |= {"command": list(command), "env": [{"name": _JOB, "value": name}]}
    return job


def _run_job(manifest: Mapping[str, Any], command: Sequence[str]) -> int:
    # Only a cluster needs the client.
    from kubernetes import client, config

    config.load_incluster_config()
    namespace = _NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    pod = client.CoreV1Api().read_namespaced_pod(socket.gethostname(), namespace)
    name = f"shelfwise-{secrets.token_hex(4)}"
    place = {**_GROUP, "namespace": namespace}
    jobs = client.CustomObjectsApi()
    jobs.create_namespaced_custom_object(**place, body=job_of_run(manifest, name, command, pod))
    sys.stderr.write(f"The JobSet {name} trains; its pods have the logs.\n")
    try:
        with _ended_as_by_ctrl_c():
            while True:
                ended = terminal_state(jobs.get_namespaced_custom_object(**place, name=name))
                if ended == "Completed":
                    return 0
                if ended:
                    sys.stderr.write(f"error: the JobSet {name} failed; the logs of its pods say why\n")
                    return EXIT_OTHER
                time.sleep(_POLL_SECONDS)
    finally:
        jobs.delete_namespaced_custom_object(**place, name=name)


def terminal_state(job: Mapping[str, Any]) -> str:
    """Returns `Completed` or `Failed` of a JobSet that has ended, else nothing."""
    conditions = job.get("status", {}).get("conditions", [])
    held = [each["type"] for each in conditions if each.get("status") == "True"]
    return next((each for each in held if each in ("Completed", "Failed")), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
