"""Whether an address can be listened on, found out before models are loaded."""

import socket


def check_address(host: str, port: int) -> None:
    """Listens for a moment without answering anybody.

    Args:
        host: Address to listen on.
        port: Port; 0 stands for any that is free.

    Raises:
        OSError: The host is not one of this machine, or the port is taken or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: what has just been closed may be opened again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"Cannot listen on {host}:{port}: {error.strerror}. Give another port, or 0.") from error
