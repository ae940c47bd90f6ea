"""A tiny project whose `uv` is a script in a local wheel: the whole set-up runs on it in seconds, without a network."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Notes each call; waits at a gate (a named pipe) or fails with a text if the test asks for it.
FAKE_UV = """\
#!/bin/sh
echo "$*" >> "$FAKE_UV_FOLDER/calls"
if [ "$2" = sync ]; then ${CC:-echo none} > "$FAKE_UV_FOLDER/compiler"; fi
if [ -p "$FAKE_UV_FOLDER/gate" ]; then cat "$FAKE_UV_FOLDER/gate"; fi
if [ -f "$FAKE_UV_FOLDER/failure" ]; then cat "$FAKE_UV_FOLDER/failure" >&2; exit 2; fi
"""
FAKE_ZIG = '#!/bin/sh\necho "zig $*"\n'
# The tests' own Python may run on a private glibc; what the set-up sees is said here, and may be changed.
START = """\
import shutil
import sys
import tools.setup_environment as setup
setup.glibc_version = lambda: (2, 39)
setup.fetch_wordnet = lambda *_: False
{changes}
sys.exit(setup.main(sys.argv[1:]))
"""
# Making pip and running it takes most of the time; only tests of these two steps need them.
WITHOUT_PIP = """
def make_environment(self):
    self._runner.run([sys.executable, "-m", "venv", "--without-pip", self._environment], "making")
def install_installers(self):
    shutil.copy2({uv!r}, self._environment / "bin" / "uv")
setup._Installation._make_environment = make_environment
setup._Installation._install_installers = install_installers
"""


class SetupProject:
    """A checkout in a temporary folder, and what was installed into it.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.environment = self.root / ".venv"
        self.complete = self.environment / ".shelfwise-complete"
        self.controls = folder / "controls"
        self.gate = self.controls / "gate"
        self.wheels = folder / "wheels"
        for path in (self.root, self.controls, self.wheels):
            path.mkdir(parents=True)
        shutil.copytree(ROOT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "setup.py").write_text("", "utf-8")
        (self.root / "serving" / "client").mkdir(parents=True)
        (self.root / "serving" / "client" / "pyproject.toml").write_text("", "utf-8")
        self.uv = self.controls / "uv"
        self.uv.write_text(FAKE_UV, "utf-8")
        self.uv.chmod(0o755)
        lock = self._wheel("uv", "uv-0.1.data/scripts/uv", FAKE_UV)
        lock += "".join(self._wheel(name, f"{name}/__init__.py", "") for name in ("setuptools", "wheel"))
        (self.root / "requirements.lock").write_text(lock, "utf-8")
        compiler = self._wheel("ziglang", "ziglang/zig", FAKE_ZIG)
        (self.root / "tools" / "compiler.lock").write_text(compiler, "utf-8")

    def _wheel(self, name: str, file: str, content: str) -> str:
        """Makes a wheel of one file and returns its entry in a lock."""
        wheel = self.wheels / f"{name}-0.1-py3-none-any.whl"
        _write_wheel(wheel, name, {file: content})
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        return f"{name}==0.1 \\\n    --hash=sha256:{digest}\n"

    def start(
        self, *arguments: str, changes: str = "", with_pip: bool = False, **variables: str
    ) -> subprocess.Popen[str]:
        """Starts the set-up with the base Python; `changes` are statements run before it."""
        if not with_pip:
            changes = WITHOUT_PIP.format(uv=str(self.uv)) + changes
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        settings = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_INDEX": "1",
            "PIP_NO_CACHE_DIR": "1",
            "FAKE_UV_FOLDER": str(self.controls),
        }
        return subprocess.Popen(
            [getattr(sys, "_base_executable", sys.executable), "-c", START.format(changes=changes), *arguments],
            cwd=self.root,
            env={**inherited, **settings, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, changes: str = "", with_pip: bool = False, **variables: str) -> tuple[int, str, str]:
        """Runs the set-up to its end; returns exit code, standard output and standard error."""
        process = self.start(*arguments, changes=changes, with_pip=with_pip, **variables)
        output, errors = process.communicate(timeout=300)
        return process.returncode, output, errors

    def commands(self) -> list[list[str]]:
        """The arguments of each call of `uv`, in order."""
        path = self.controls / "calls"
        return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def calls(self) -> list[str]:
        """What `uv` was called for, in order: "sync" or "install"."""
        return [arguments[1] for arguments in self.commands()]

    def open_gate(self) -> int:
        """Waits until `uv` stands at the gate; returns the descriptor whose closing lets it through."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                # Nobody reads yet: the set-up is still on its way there.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _write_wheel(path: Path, name: str, content: dict[str, str]) -> None:
    info = f"{name}-0.1.dist-info"
    files = {
        **content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        f"{len(text.encode())}\n"
        for name, text in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (*files.items(), (f"{info}/RECORD", record + f"{info}/RECORD,,\n")):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
