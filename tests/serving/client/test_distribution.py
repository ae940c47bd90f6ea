"""The client as others install it: small, and with nothing but its three dependencies."""

import json
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.test_layering import CLIENT, CLIENT_MODULES, CLIENT_PROJECT

# What gRPC, protobuf and NumPy are as files; the first imports the last but one.
INSTALLED = ("google", "grpc", "numpy", "typing_extensions.py")
ASKED = """
import json, re, sys
sys.path += {paths!r}
from shelfwise_client import Shelfwise
with Shelfwise("127.0.0.1:1", timeout_seconds=1, retries=False) as client:
    try:
        client.search("tea")
    except Exception as error:
        ended = type(error).__name__
kilobytes = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([ended, kilobytes, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""


def alone(folder: Path, source: Path) -> tuple[str, int, set[str]]:
    """Asks where nobody answers, in a process that finds the client in `source` and what it depends on; no more.

    Returns what it ended with, the most memory in kB, and the packages that were loaded.
    """
    for name in INSTALLED:
        spec = find_spec(name.removesuffix(".py"))
        assert spec is not None
        found = spec.origin if name.endswith(".py") else next(iter(spec.submodule_search_locations or []))
        (folder / name).symlink_to(str(found))
    code = ASKED.format(paths=[str(source), str(folder)])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ended, kilobytes, packages = json.loads(done.stdout)
    return ended, kilobytes, set(packages)


def check_alone(folder: Path, source: Path) -> None:
    ended, kilobytes, packages = alone(folder, source)
    assert ended == "ServerUnavailableError"
    assert kilobytes < 80_000
    outside = {name for name in packages - sys.stdlib_module_names if not name.startswith(("_", "google"))}
    assert outside <= {CLIENT, "grpc", "numpy", "cython_runtime", "typing_extensions"}


def test_it_runs_with_three_packages_alone_and_little_memory(tmp_path: Path) -> None:
    check_alone(tmp_path, CLIENT_PROJECT / "src")


@pytest.mark.long
def test_the_wheel_is_small_whole_and_says_what_it_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(CLIENT_PROJECT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size < 200_000
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    packed = {str(path.relative_to(tmp_path / "unpacked")) for path in (tmp_path / "unpacked" / CLIENT).rglob("*.*")}
    assert packed == {
        *map(str, CLIENT_MODULES),
        f"{CLIENT}/py.typed",
        f"{CLIENT}/protocol/tensorflow_serving.binpb",
    }
    (written,) = (tmp_path / "unpacked").glob("*.dist-info/METADATA")
    metadata = Parser().parsestr(written.read_text("utf-8"))
    assert metadata["Requires-Python"] == ">=3.10"
    assert {each.split(">")[0] for each in metadata.get_all("Requires-Dist", [])} == {"grpcio", "numpy", "protobuf"}
    (tmp_path / "installed").mkdir()
    check_alone(tmp_path / "installed", tmp_path / "unpacked")
