"""The one error of the set-up, and what is behind a failed command in a sentence that says what to do."""

import errno
import re

# How pip, uv and apt-get word these failures.
_DISK_FULL = re.compile(r"no space left on device|os error 28|errno 28|not enough free space|disk quota exceeded", re.I)
_BAD_CERTIFICATE = re.compile(r"certificate.{0,80}(verify|unknown|invalid|not trusted)|invalid peer certificate", re.I)
_NO_NETWORK = re.compile(
    r"temporary failure (in name resolution|resolving)|name or service not known|could not resolve|dns error"
    r"|failed to establish a new connection|connection (refused|reset|timed out|failed|broken|error)"
    r"|could not connect|unable to connect|cannot connect|tcp connect|network is (unreachable|down)|no route to host"
    r"|max retries exceeded|read ?timed out|operation timed out|error sending request|request failed after"
    r"|connect(ion)? ?timeout|proxyerror|network connectivity is disabled",
    re.I,
)
_ERROR_LINE = re.compile(r"^(error|E|ERROR|fatal|  cause|  Caused by|\S*Error)\b:?", re.M)

DISK_FULL = (
    "the disk is full: .venv takes 4 GB, and the download cache as much again on the first call. "
    "Make room, or point UV_CACHE_DIR to another disk, and call make again."
)


class SetupError(Exception):
    """A set-up that cannot go on; the message is one sentence or two for the person at the terminal."""


def explain_failure(doing: str, output: str, log_name: str) -> str:
    """Returns one line on why a command failed and what to do about it.

    Args:
        doing: what was being done, as in "installing the packages".
        output: what the command wrote.
        log_name: where its whole output can be read.
    """
    if _DISK_FULL.search(output):
        return DISK_FULL
    if _BAD_CERTIFICATE.search(output):
        return (
            f"{doing} failed: the server's certificate is not trusted. Behind a proxy that signs by itself, set "
            f"SSL_CERT_FILE=/path/to/its/certificates.pem and call make again ({log_name} has the details)."
        )
    if _NO_NETWORK.search(output):
        return (
            f"{doing} failed: the network does not answer. Check the connection (and HTTPS_PROXY, where one is "
            f"needed) and call make again; what was fetched is kept ({log_name} has the details)."
        )
    return f"{doing} failed: {_telling_line(output)} ({log_name} has the details)."


def explain_os_error(error: OSError) -> str:
    """Returns one line on an operating system error of the set-up itself."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    place = f" {error.filename}" if error.filename else ""
    return f"cannot go on at{place}: {error.strerror or error}. Put that right and call make again."


def _telling_line(output: str) -> str:
    """The first line that looks like an error, otherwise the last one; passwords in addresses are masked."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = next((line for line in lines if _ERROR_LINE.match(line)), lines[-1] if lines else "it said nothing")
    return re.sub(r"//[^/@\s]+@", "//***@", telling)[:300].rstrip(".")
