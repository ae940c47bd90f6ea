import errno

import pytest

from tools.setup_errors import explain_failure, explain_os_error

# What the tools wrote when these things happened to them.
OUTPUTS = {
    "network": [
        "error: Failed to fetch: `https://index.example.org/simple/uv/`\n  Caused by: Request failed after 3 retries\n"
        "  Caused by: dns error: failed to lookup address information: Temporary failure in name resolution",
        "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(...): Failed to establish a "
        "new connection: [Errno 111] Connection refused'\nERROR: Could not find a version that satisfies uv==0.13.9",
        "Err:1 http://mirror.example.org/debian trixie InRelease\n  Temporary failure resolving 'mirror.example.org'",
        "W: Failed to fetch http://mirror.example.org/debian  Could not connect to mirror.example.org:80 (10.0.0.1)",
    ],
    "disk": [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "error: failed to write to file: No space left on device (os error 28)",
        "E: You don't have enough free space in /var/cache/apt/archives/.\ndpkg-deb: error: No space left on device",
    ],
    "certificate": [
        "  Caused by: invalid peer certificate: UnknownIssuer",
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed",
    ],
}
SAID = {"network": "the network does not answer", "disk": "the disk is full", "certificate": "SSL_CERT_FILE"}


@pytest.mark.parametrize(("cause", "output"), [(cause, text) for cause, texts in OUTPUTS.items() for text in texts])
def test_known_causes_are_named_in_one_line(cause: str, output: str) -> None:
    message = explain_failure("installing the packages", output, "build/setup.log")
    assert SAID[cause] in message
    assert "\n" not in message
    assert "call make again" in message


def test_unknown_cause_shows_the_telling_line_and_the_log_but_no_password() -> None:
    output = "Resolving\nerror: no such file at http://someone:secret@index.example.org/x.\nhint: look around\n"
    message = explain_failure("installing the packages", output, "build/setup.log")
    assert message == (
        "installing the packages failed: error: no such file at http://***@index.example.org/x "
        "(build/setup.log has the details)."
    )
    assert "it said nothing" in explain_failure("installing", "", "log")
    assert "last words" in explain_failure("installing", "first\nlast words\n", "log")


def test_errors_of_the_system() -> None:
    assert "the disk is full" in explain_os_error(OSError(errno.ENOSPC, "No space left on device", "/x/.venv"))
    message = explain_os_error(PermissionError(errno.EACCES, "Permission denied", "/x/build"))
    assert message == "cannot go on at /x/build: Permission denied. Put that right and call make again."
