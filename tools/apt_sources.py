"""Source entries of apt for an ordinary user: the machine's own, which may be made to name another release.

Only the distribution's own entries are kept (its release, updates and security suites, component `main`), and they
keep their addresses and keys, so mirrors and proxies work as they do for the machine itself.
"""

import re
from pathlib import Path

# The files in which installers and images put the distribution's own entries. Only if these give
# nothing are all others looked at, which may hold third parties' entries.
_OWN_FILES = ("sources.list", "sources.list.d/debian.sources", "sources.list.d/ubuntu.sources")
_POCKETS = ("", "-updates", "-security")
_ONE_LINE = re.compile(r"deb\s+(?P<options>\[[^\]]*\]\s+)?(?P<address>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)")


def rewrite_sources(apt_folder: Path, old_codename: str, new_codename: str) -> dict[str, str]:
    """Returns the files of a private source folder that names another release, or the same one.

    Args:
        apt_folder: the machine's apt configuration, `/etc/apt`.
        old_codename: the running release, as in "bookworm".
        new_codename: the release to name, as in "trixie".

    Returns:
        File name to content, `.list` or `.sources` by the form of the original; empty if nothing fits.
    """
    own = [apt_folder / name for name in _OWN_FILES]
    others = [path for path in sorted((apt_folder / "sources.list.d").glob("*")) if path not in own]
    for paths in (own, others):
        rewritten = {}
        for path in paths:
            if path.suffix not in (".list", ".sources") or not path.is_file():
                continue
            rewrite = rewrite_deb822 if path.suffix == ".sources" else rewrite_one_line
            content = rewrite(path.read_text("utf-8", "replace"), old_codename, new_codename)
            if content:
                rewritten[path.name] = content
        if rewritten:
            return rewritten
    return {}


def private_apt_options(work_folder: Path, sources: dict[str, str]) -> list[str]:
    """Writes the private source folder and returns the options that keep apt-get within `work_folder`."""
    for name in ("sources", "preferences", "lists/partial", "cache/archives/partial", "state"):
        (work_folder / name).mkdir(parents=True)
    for name, content in sources.items():
        (work_folder / "sources" / name).write_text(content, "utf-8")
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work_folder / "sources",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": work_folder / "preferences",
        "Dir::State": work_folder / "state",
        "Dir::State::lists": work_folder / "lists",
        "Dir::Cache": work_folder / "cache",
        "APT::Default-Release": "",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::PDiffs": "false",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "30",
        "Acquire::https::Timeout": "30",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def rewrite_one_line(text: str, old_codename: str, new_codename: str) -> str:
    """Rewrites entries of the form `deb [options] address suite component…`; others are left out."""
    lines = []
    for line in text.splitlines():
        entry = _ONE_LINE.match(line.strip())
        if entry is None or "main" not in entry["components"].split():
            continue
        suite = _next_suite(entry["suite"], old_codename, new_codename)
        if suite is not None:
            lines.append(f"deb {entry['options'] or ''}{entry['address']} {suite} main\n")
    return "".join(lines)


def rewrite_deb822(text: str, old_codename: str, new_codename: str) -> str:
    """Rewrites stanzas of the form `Types: deb`, `URIs: …`, `Suites: …`; others are left out."""
    stanzas = []
    for block in re.split(r"\n[ \t]*\n", text):
        fields = _fields(block)
        suites = [_next_suite(suite, old_codename, new_codename) for suite in fields.get("suites", "").split()]
        kept = [suite for suite in suites if suite is not None]
        enabled = fields.get("enabled", "yes").strip().lower() not in ("no", "false", "0", "off")
        is_main = "main" in fields.get("components", "").split()
        if not (kept and enabled and is_main and "deb" in fields.get("types", "").split()):
            continue
        fields |= {"types": " deb", "suites": " " + " ".join(kept), "components": " main"}
        stanzas.append("".join(f"{name}:{value}\n" for name, value in fields.items()))
    return "\n".join(stanzas)


def _next_suite(suite: str, old_codename: str, new_codename: str) -> str | None:
    for pocket in _POCKETS:
        if suite == old_codename + pocket:
            return new_codename + pocket
    return None


def _fields(block: str) -> dict[str, str]:
    """The fields of a stanza by lower-case name; values keep their continuation lines (keys span many)."""
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = " " + value.strip()
    return fields
