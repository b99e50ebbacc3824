"""Whether a port of this machine is free, asked before anything is started on it."""

import socket


class PortInUse(Exception):
    """Somebody else listens on a port that is needed."""


def check_port(port: int) -> None:
    """Raise PortInUse, with a sentence for a person, if somebody listens there."""
    if is_taken(port):
        raise PortInUse(f"Port {port} is in use by another program; choose another with --port.")


def is_taken(port: int) -> bool:
    """Whether a port of 127.0.0.1 cannot be listened on."""
    with socket.socket() as visitor, socket.socket() as landlord:
        if visitor.connect_ex(("127.0.0.1", port)) == 0:
            return True
        landlord.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            landlord.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
