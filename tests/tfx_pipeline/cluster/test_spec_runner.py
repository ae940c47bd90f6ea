"""Steps as processes: order, surroundings, what is handed on, failures, and going on after a kill."""

import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.errors import InputError
from tests.tfx_pipeline.cluster.small_spec import SmallStep, write_spec
from tfx_pipeline.cluster.compiled_pipeline import read_compiled
from tfx_pipeline.cluster.spec_runner import run_spec
from tfx_pipeline.cluster.start import run_spec_here
from tfx_pipeline.cluster.step import StepFailed
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.local_runner import NodeResult
from tfx_pipeline.running.progress import TerminalProgress

LEAVE_NAME = "(out / 'name').write_text('made'); finish(size=3, kind='plain')"
# Waits for a file that another step writes; fails after a while.
WAIT_FOR = """
for _ in range(200):
    if pathlib.Path({file!r}).exists(): break
    time.sleep(0.05)
else: sys.exit('nobody came')
"""


def run(spec: Path, root: Path, **given: str) -> dict[str, NodeResult]:
    compiled = read_compiled(spec)
    return run_spec(compiled, compiled.complete(given), root, TerminalProgress(io.StringIO(), len(compiled.tasks)))


def test_artifacts_and_parameters_are_handed_on(tmp_path: Path) -> None:
    read = """
assert pathlib.Path(inputs['first']['uri'], 'name').read_text() == 'made'
assert inputs['first']['metadata'] == {'size': 3, 'kind': 'plain'}
(out / 'values').write_text(json.dumps(values))
finish()
"""
    parameters = {"fixed": 2.5, "word": "@word", "count": "@count"}
    steps = {"second": SmallStep(read, reads=("first",), parameters=parameters), "first": SmallStep(LEAVE_NAME)}
    spec = write_spec(tmp_path / "spec.yaml", steps, {"word": None, "count": 7})
    results = run(spec, tmp_path / "root", word="two words {{$}}")
    values = json.loads(Path(results["second"].outputs["out"].uri, "values").read_text())
    assert values == {"fixed": 2.5, "word": "two words {{$}}", "count": 7}
    assert results["first"].outputs["out"].properties == {"size": 3, "kind": "plain"}


def test_a_step_sees_an_empty_folder_and_a_bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    look = "finish(files=sorted(os.listdir('.')), names=sorted(os.environ), python=sys.executable)"
    spec = write_spec(tmp_path / "spec.yaml", {"look": SmallStep(look)})
    seen = run(spec, tmp_path / "root")["look"].outputs["out"].properties
    assert seen["files"] == []
    assert "PATH" in seen["names"]
    assert not {"SECRET_OF_THE_SHELL", "PYTHONPATH", "VIRTUAL_ENV", "USER"} & set(seen["names"])
    assert Path(seen["python"]).parent == Path(sys.executable).parent


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor runs one step at a time")
def test_independent_steps_run_side_by_side(tmp_path: Path) -> None:
    each, other = str(tmp_path / "each"), str(tmp_path / "other")
    meet = "pathlib.Path({mine!r}).touch()" + WAIT_FOR + "finish()"
    steps = {
        "left": SmallStep(meet.format(mine=each, file=other)),
        "right": SmallStep(meet.format(mine=other, file=each)),
        "last": SmallStep(WAIT_FOR.format(file=each) + "finish()", after=("left", "right")),
    }
    results = run(write_spec(tmp_path / "spec.yaml", steps), tmp_path / "root")
    assert list(results)[-1] == "last"


def test_a_failing_step_stops_what_depends_on_it_and_shows_its_last_lines(tmp_path: Path) -> None:
    fail = "print(*range(100), sep='\\n', flush=True); print('the reason', file=sys.stderr); sys.exit(5)"
    steps = {
        "first": SmallStep(LEAVE_NAME),
        "broken": SmallStep(fail, reads=("first",)),
        "never": SmallStep("pathlib.Path(" + repr(str(tmp_path / "ran")) + ").touch(); finish()", reads=("broken",)),
    }
    spec = write_spec(tmp_path / "spec.yaml", steps)
    with pytest.raises(StepFailed, match="broken failed with exit code 5") as raised:
        run(spec, tmp_path / "root")
    assert "the reason" in str(raised.value)
    assert "\n99\n" in str(raised.value)
    assert len(str(raised.value).splitlines()) < 20
    assert not (tmp_path / "ran").exists()
    mended = write_spec(tmp_path / "spec.yaml", {**steps, "broken": SmallStep(LEAVE_NAME, reads=("first",))})
    results = run(mended, tmp_path / "root")
    assert {name for name, result in results.items() if result.cached} == {"first"}
    assert (tmp_path / "ran").exists()


def test_steps_beside_a_failing_one_end_and_are_kept(tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    steps = {
        "slow": SmallStep(f"pathlib.Path({go!r}).touch(); time.sleep(0.5);" + LEAVE_NAME),
        "broken": SmallStep(WAIT_FOR.format(file=go) + "sys.exit(1)"),
    }
    with pytest.raises(StepFailed, match="broken"):
        run(write_spec(tmp_path / "spec.yaml", steps), tmp_path / "root")
    results = run(write_spec(tmp_path / "spec.yaml", {"slow": steps["slow"]}), tmp_path / "root")
    assert results["slow"].cached


def test_changed_inputs_run_again_and_so_does_what_reads_them(tmp_path: Path) -> None:
    steps = {
        "first": SmallStep(LEAVE_NAME, parameters={"word": "@word"}),
        "second": SmallStep(LEAVE_NAME, reads=("first",)),
        "apart": SmallStep(LEAVE_NAME),
    }
    spec = write_spec(tmp_path / "spec.yaml", steps, {"word": "a"})
    run(spec, tmp_path / "root")
    assert all(result.cached for result in run(spec, tmp_path / "root").values())
    again = run(spec, tmp_path / "root", word="b")
    assert {name: result.cached for name, result in again.items()} == {"first": False, "second": False, "apart": True}


def test_a_killed_run_goes_on_from_the_steps_that_were_done(tmp_path: Path) -> None:
    reached, go_on = tmp_path / "reached", tmp_path / "go_on"
    hang = f"""
pathlib.Path({str(reached)!r}).touch()
for _ in range(600):
    if pathlib.Path({str(go_on)!r}).exists(): break
    time.sleep(0.05)
{LEAVE_NAME}
"""
    steps = {"first": SmallStep(LEAVE_NAME), "hanging": SmallStep(hang, reads=("first",))}
    spec = write_spec(tmp_path / "spec.yaml", steps, {"serving_root": ""})
    command = [sys.executable, "-m", "tfx_pipeline", "run-spec", str(spec), "--root", str(tmp_path / "root")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not reached.exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    go_on.touch()  # The step that the killed run has left behind ends, whenever it does.
    results = run(spec, tmp_path / "root", serving_root=str(tmp_path / "root" / "serving"))
    assert {name: result.cached for name, result in results.items()} == {"first": True, "hanging": False}
    assert Path(results["hanging"].outputs["out"].uri, "name").read_text() == "made"


def test_what_is_not_to_be_cached_or_is_gone_is_made_again(tmp_path: Path) -> None:
    steps = {"kept": SmallStep(LEAVE_NAME), "always": SmallStep(LEAVE_NAME, cached=False)}
    spec = write_spec(tmp_path / "spec.yaml", steps)
    first = run(spec, tmp_path / "root")
    again = run(spec, tmp_path / "root")
    assert {name: result.cached for name, result in again.items()} == {"kept": True, "always": False}
    shutil.rmtree(first["kept"].outputs["out"].uri)
    assert not run(spec, tmp_path / "root")["kept"].cached


def test_inputs_come_without_their_type_and_an_output_for_logs_is_added(tmp_path: Path) -> None:
    look = "finish(type=inputs['first']['type'], outputs=sorted(told['outputs']['artifacts']))"
    steps = {"first": SmallStep(LEAVE_NAME), "look": SmallStep(look, reads=("first",))}
    outputs = run(write_spec(tmp_path / "spec.yaml", steps), tmp_path / "root")["look"].outputs
    assert outputs["out"].properties == {"type": {"instanceSchema": ""}, "outputs": ["executor-logs", "out"]}
    assert set(outputs) == {"out"}


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    spec = write_spec(tmp_path / "spec.yaml", {"first": SmallStep(LEAVE_NAME)}, {"serving_root": ""})
    (tmp_path / "root").mkdir()
    with (tmp_path / "root" / "run-spec.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another run works there"):
            run_spec_here(spec, tmp_path / "root", {}, io.StringIO())
    assert run_spec_here(spec, tmp_path / "root", {}, io.StringIO())


# A script's background: what it starts there ignores the signal of Ctrl-C.
IN_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]


@pytest.mark.long
@pytest.mark.parametrize("shell", [[], IN_BACKGROUND])
def test_a_terminated_run_stops_its_steps(tmp_path: Path, shell: list[str]) -> None:
    reached, survived = tmp_path / "reached", tmp_path / "survived"
    wait = f"pathlib.Path({str(reached)!r}).write_text(str(os.getpid())); time.sleep(60)\n"
    spec = write_spec(
        tmp_path / "spec.yaml",
        {"long": SmallStep(wait + f"pathlib.Path({str(survived)!r}).touch(); finish()")},
        {"serving_root": ""},
    )
    command = [sys.executable, "-m", "tfx_pipeline", "run-spec", str(spec), "--root", str(tmp_path / "root")]
    with subprocess.Popen([*shell, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while not (reached.exists() and reached.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        _, errors = process.communicate(timeout=50)
    assert process.returncode != 0
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(reached.read_text()), 0)
    assert not survived.exists()


def test_a_relative_folder_of_tables_is_taken_from_where_the_command_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "events.csv").touch()
    code = "assert pathlib.Path(values['data'], values['sources'].strip('\"')).exists(); finish()"
    parameters = {"table": "events", "sources": '"events.csv"', "data": "@data", "digest": "@digest"}
    submitted = {"serving_root": "", "data": None, "digest": None}
    spec = write_spec(tmp_path / "spec.yaml", {"only": SmallStep(code, parameters=parameters)}, submitted)
    assert run_spec_here(spec, tmp_path / "root", {"data": "tables"}, io.StringIO())


def test_a_users_mistake_in_a_step_is_its_last_line(tmp_path: Path) -> None:
    code = "sys.stderr.write('much\\nerror: Table `events` is empty\\n'); sys.exit(2)"
    spec = write_spec(tmp_path / "spec.yaml", {"only": SmallStep(code)}, {"serving_root": ""})
    with pytest.raises(InputError, match=r"^Table `events` is empty$"):
        run_spec_here(spec, tmp_path / "root", {}, io.StringIO())


def test_what_steps_noted_of_tables_and_labels_is_said(tmp_path: Path) -> None:
    counts = {"table": "events", "rows": 1, "good": 1, "bad": {}, "set_aside": {}, "notes": ["Users miss."]}
    written = {
        "quarantine": ("counts.json", counts),
        "approval": ("approval.json", {"notes": ["One user has all."]}),
        "labels": ("labels.json", {"notes": ["Nobody can be in `mid`."]}),
    }
    steps = {
        name: SmallStep(f"(out / {file!r}).write_text({json.dumps(content)!r}); finish()", output=name)
        for name, (file, content) in written.items()
    }
    spec, said = write_spec(tmp_path / "spec.yaml", steps, {"serving_root": ""}), io.StringIO()
    assert run_spec_here(spec, tmp_path / "root", {}, said)
    notes = [line for line in said.getvalue().splitlines() if line.startswith("note: ")]
    assert notes == ["note: Users miss.", "note: One user has all.", "note: Nobody can be in `mid`."]
