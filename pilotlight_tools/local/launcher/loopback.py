"""Keeps the datagram sockets of execution environments on the loopback interface.

The kernel gives a socket that sends before it is bound a port of every interface, where anyone on the network reaches
it. Lambda's environments have an interface of their own; here the socket of the records, and that of the X-Ray SDK,
would be open to the network, though nobody reads them.
"""

from __future__ import annotations

from ministack.core import lambda_runtime

BIND_BEFORE_SENDING = """\
def _ms_stay_on_loopback():
    import _socket

    original = _socket.socket

    class socket(original):
        __slots__ = ()

        def sendto(self, data, *rest):
            # Only where the datagram stays on this machine: bound to it, a socket reaches no other.
            host = rest[-1][0] if rest and isinstance(rest[-1], tuple) else None
            if isinstance(host, str) and host.startswith("127.") and self.getsockname() == ("0.0.0.0", 0):
                self.bind(("127.0.0.1", 0))
            return original.sendto(self, data, *rest)

    _socket.socket = _socket.SocketType = socket

_ms_stay_on_loopback()
"""
"""First in the worker: what imports `socket` later builds on this class, and `pilotlight.tracing` uses it as it is."""


def install() -> None:
    """Put it into the engine's Python worker. Raises AttributeError where the engine is not as expected."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = BIND_BEFORE_SENDING + lambda_runtime._PYTHON_WORKER_SCRIPT
