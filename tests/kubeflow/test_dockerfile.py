"""The Dockerfile: pinned, verified, not root, and complete."""

import ast
import importlib
import os
import re
import subprocess

import pytest

import trainer
from tests.kubeflow.manifests import FOLDER, ROOT
from tests.test_layering import LAYERS
from tools.locked_versions import locked_requirement
from tools.private_glibc import REQUIRED_GLIBC

# Of the releases that Python's images are made on.
GLIBC = {"bullseye": (2, 31), "bookworm": (2, 36), "trixie": (2, 41)}


def instructions() -> list[tuple[str, str]]:
    """Returns keyword and text of each instruction; lines that go on are joined, comments left out."""
    lines = (FOLDER / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = text.replace("\\\n", "")
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(keyword, rest) for keyword, rest in pairs]


INSTRUCTIONS = instructions()


def of(keyword: str) -> list[str]:
    return [text for name, text in INSTRUCTIONS if name == keyword]


def commands() -> list[str]:
    return [" ".join(command.split()) for text in of("RUN") for command in text.split("&&")]


def test_base_images_are_arguments_with_a_tag_whose_glibc_is_new_enough() -> None:
    defaults = dict(text.split("=") for text in of("ARG") if "=" in text)
    assert [text.split()[0] for text in of("FROM")] == ["${BUILD_IMAGE}", "${BASE_IMAGE}"]
    tags = [
        re.fullmatch(r"python:(3\.11\.\d+)-(?:slim-)?(\w+)", defaults[name]) for name in ("BUILD_IMAGE", "BASE_IMAGE")
    ]
    assert all(tags)
    # An environment can only be copied to the Python that it was made with.
    assert len({tag[1] for tag in tags if tag}) == 1
    assert all(GLIBC[tag[2]] >= REQUIRED_GLIBC for tag in tags if tag)
    assert "slim" in defaults["BASE_IMAGE"]
    assert ":latest" not in (FOLDER / "Dockerfile").read_text("utf-8")


def test_user_is_a_number_and_not_root() -> None:
    (user,) = of("USER")
    uid, gid = (int(part) for part in user.split(":"))
    assert uid > 0
    (added,) = [command for command in commands() if command.startswith("useradd")]
    assert f"--uid {uid} " in added
    assert f"--gid {gid} " in added
    home = re.search(r"--home-dir (\S+)", added)
    assert home is not None
    assert home[1] == variables()["HOME"]


def variables() -> dict[str, str]:
    """Returns the environment variables of the final image."""
    return dict(pair.split("=", 1) for pair in of("ENV")[-1].split())


def test_legacy_keras_is_chosen_as_the_project_chooses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_USE_LEGACY_KERAS", raising=False)
    importlib.reload(trainer)
    assert variables()["TF_USE_LEGACY_KERAS"] == os.environ["TF_USE_LEGACY_KERAS"]


def test_everything_is_installed_by_hash_and_nothing_else_is_fetched() -> None:
    installs = [command for command in commands() if "pip install" in command]
    assert len(installs) == 3
    for install in installs:
        assert "--no-deps" in install
        # What is built from source, is built with what the lock gave.
        assert "--no-build-isolation" in install or "--only-binary :all:" in install
        assert "--require-hashes" in install or ("--no-index" in install and install.endswith(" ./serving/client ."))
    assert not [command for command in commands() if re.search(r"\b(apt-get|curl|wget|ADD)\b", command)]
    assert variables_of_build()["PIP_NO_CACHE_DIR"] == "1"


def variables_of_build() -> dict[str, str]:
    return dict(pair.split("=", 1) for text in of("ENV")[:-1] for pair in text.split())


def test_installers_are_cut_out_of_the_lock_whole() -> None:
    (cut,) = [command for command in commands() if command.startswith("sed")]
    script = cut.removesuffix(" > installers.txt")
    written = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    requirements = re.sub(r"^ *#.*\n", "", written, flags=re.MULTILINE)
    lock = ROOT / "requirements.lock"
    assert requirements == "".join(locked_requirement(lock, name) for name in ("pip", "setuptools", "wheel"))


def test_context_holds_what_is_copied_and_no_more() -> None:
    copied = [word for text in of("COPY") if "--from" not in text for word in text.split()[:-1]]
    assert set(LAYERS) < set(copied)
    rules = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied)
    assert all((ROOT / name).exists() for name in copied)


def test_import_check_runs_as_the_user_and_loads_every_part() -> None:
    (text,) = [text for text in of("RUN") if "python -c" in text]
    assert INSTRUCTIONS.index(("RUN", text)) > INSTRUCTIONS.index(("USER", of("USER")[0]))
    code = re.search(r'python -c "(.*?)"', text, re.DOTALL)
    assert code is not None
    imported = set()
    for node in ast.walk(ast.parse(code[1])):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
    stack = {"tfx", "tensorflow", "tensorflow_text", "keras_nlp", "tensorflow_recommenders"}
    assert imported >= stack | set(LAYERS)
