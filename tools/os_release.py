"""What a system says of itself in `os-release`."""

from pathlib import Path


def read_os_release(system_folder: Path) -> str:
    """Returns the content of `os-release` in the system's configuration folder, or "" where there is none."""
    try:
        return (system_folder / "os-release").read_text("utf-8")
    except OSError:
        return ""


def release_fields(os_release: str) -> dict[str, str]:
    """Returns the fields of `os-release`, without quotes."""
    pairs = (line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return {name: value.strip().strip("\"'") for name, value in pairs}


def codename_of(fields: dict[str, str]) -> str:
    """Returns the codename of the distribution's release, as in "bookworm"; "" where none is named."""
    # A derivative of Ubuntu names the release that it is made from.
    return fields.get("UBUNTU_CODENAME", fields.get("VERSION_CODENAME", ""))
