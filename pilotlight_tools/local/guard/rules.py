"""Which requests come from a web page that has no business here. A browser reaches every port of this machine.

It tells on the page: by `Origin` (Fetch standard, "Origin header"), by `Sec-Fetch-Site` (W3C, "Fetch Metadata Request
Headers"), and, where a foreign name was made to resolve to this machine (DNS rebinding), by `Host`. Programs such as
the deploy tool and boto3 send neither of the first two.

| server | who may ask |
|---|---|
| engine, X-Ray | programs that name its own address: `refusal` |
| latency page | programs, the page itself, and whoever opens it: `refusal_of_page` |
| front door | whoever names this machine: `refusal_of_host`; the API itself answers to other origins, as on AWS |
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]
"""The names are in lower case."""
PROTECTION = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""For the responses of a page of ours: no other page may frame it, hold its window, or load its data as its own."""


def refusal(headers: Headers, port: int) -> str | None:
    """Why a server on `port` that only programs ask refuses a request; None where it does not."""
    values = _values(headers)
    if b"origin" in values:
        return f"it comes from a web page of {', '.join(values[b'origin'])}"
    if sites := values.get(b"sec-fetch-site"):
        # Also "none", an address that the user typed: where that address redirects here, it is still "none".
        return f"it comes from a browser (Sec-Fetch-Site: {', '.join(sites)})"
    hosts = values.get(b"host", [])
    if len(hosts) != 1 or not is_this_address(hosts[0], port):
        return f"its Host is {', '.join(hosts) or 'missing'}, which is not this address"
    return None


def refusal_of_page(headers: Headers) -> str | None:
    """Why a page of ours and its data are not shown; None where they are. A link or an address opens it."""
    values = _values(headers)
    if reason := _foreign(values):
        return reason
    origins = values.get(b"origin", [])
    if origins and origins != [f"http://{values[b'host'][0]}"]:
        return f"it comes from a web page of {', '.join(origins)}"
    opens = values.get(b"sec-fetch-mode") == ["navigate"] and values.get(b"sec-fetch-dest") == ["document"]
    if not opens and (sites := [each for each in values.get(b"sec-fetch-site", []) if each not in _OWN_SITES]):
        return f"it comes from another web page (Sec-Fetch-Site: {', '.join(sites)})"
    return None


def refusal_of_host(headers: Headers) -> str | None:
    """Why a server that any page may ask refuses a request: its name is not this machine's; None where it is."""
    return _foreign(_values(headers))


def is_this_address(host: str, port: int) -> bool:
    """Whether a `Host` header names this port of the loopback interface."""
    return is_this_machine(host) and host.rpartition(":")[2] == str(port)


def is_this_machine(host: str) -> bool:
    """Whether a `Host` header names the loopback interface, with whatever port: a forwarded one has another.

    Browsers look up no `localhost` elsewhere.
    """
    return _LOOPBACK.fullmatch(host.lower()) is not None


_OWN_SITES = ("same-origin", "none")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9_-]+\.)*localhost)(:\d{1,5})?", re.ASCII)


def _foreign(values: dict[bytes, list[str]]) -> str | None:
    hosts = values.get(b"host", [])
    if len(hosts) == 1 and is_this_machine(hosts[0]):
        return None
    return f"its Host is {', '.join(hosts) or 'missing'}, which is not a name of this machine"


def _values(headers: Headers) -> dict[bytes, list[str]]:
    values: dict[bytes, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.decode("latin-1"))
    return values
