from pathlib import Path

from tools.apt_sources import rewrite_deb822, rewrite_one_line, rewrite_sources

DEBIAN_SOURCES = """\
# The image's entries.
Types: deb
# http://snapshot.example.org/archive/debian/20250520T000000Z
URIs: http://mirror.example.org/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGJbDWkBEAC=
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: http://other.example.org/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://tools.example.org/debian
Suites: bookworm
Components: stable
"""

UBUNTU_LIST = """\
# deb cdrom:[Ubuntu 22.04 LTS]/ jammy main restricted
deb http://mirror.example.org/ubuntu/ jammy main restricted
# deb-src http://mirror.example.org/ubuntu/ jammy main restricted
deb-src http://mirror.example.org/ubuntu/ jammy main
deb [arch=amd64 signed-by=/usr/share/ubuntu.gpg] http://mirror.example.org/ubuntu/ jammy-updates main # newest
deb http://mirror.example.org/ubuntu/ jammy universe
deb http://mirror.example.org/ubuntu/ jammy-backports main universe
deb http://mirror.example.org/ubuntu/ jammy-security main
deb https://third.example.org/apt tool-jammy main
"""


def test_debian_stanzas_name_the_next_release_and_keep_address_and_key() -> None:
    assert rewrite_deb822(DEBIAN_SOURCES, "bookworm", "trixie") == (
        "types: deb\n"
        "uris: http://mirror.example.org/debian\n"
        "suites: trixie trixie-updates\n"
        "components: main\n"
        "signed-by: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\n"
        "types: deb\n"
        "uris: http://mirror.example.org/debian-security\n"
        "suites: trixie-security\n"
        "components: main\n"
        "signed-by: \n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
        " .\n"
        " mQINBGJbDWkBEAC=\n"
        " -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_ubuntu_lines_name_the_next_release_and_keep_options() -> None:
    assert rewrite_one_line(UBUNTU_LIST, "jammy", "noble").splitlines() == [
        "deb http://mirror.example.org/ubuntu/ noble main",
        "deb [arch=amd64 signed-by=/usr/share/ubuntu.gpg] http://mirror.example.org/ubuntu/ noble-updates main",
        "deb http://mirror.example.org/ubuntu/ noble-security main",
    ]


def test_ubuntu_stanzas_and_debian_lines() -> None:
    stanza = "Types: deb\nURIs: http://mirror.example.org\nSuites: jammy jammy-updates\nComponents: main universe\n"
    assert "suites: noble noble-updates\n" in rewrite_deb822(stanza, "jammy", "noble")
    line = "deb http://mirror.example.org/debian bookworm main contrib non-free-firmware\n"
    assert rewrite_one_line(line, "bookworm", "trixie") == "deb http://mirror.example.org/debian trixie main\n"


def test_distributions_own_files_go_before_third_parties(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(DEBIAN_SOURCES, "utf-8")
    (parts / "other.list").write_text("deb http://third.example.org/debian bookworm main\n", "utf-8")
    (parts / "off.list.disabled").write_text("deb http://off.example.org/debian bookworm main\n", "utf-8")
    assert list(rewrite_sources(tmp_path, "bookworm", "trixie")) == ["debian.sources"]
    (parts / "debian.sources").unlink()
    assert rewrite_sources(tmp_path, "bookworm", "trixie") == {
        "other.list": "deb http://third.example.org/debian trixie main\n"
    }
    (parts / "other.list").unlink()
    assert rewrite_sources(tmp_path, "bookworm", "trixie") == {}
    assert rewrite_sources(tmp_path / "missing", "bookworm", "trixie") == {}
