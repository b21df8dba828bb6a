"""What a browser gets at the API's bare address where the service has nothing there: where to go from here.

It is the front door's alone and never deployed. Programs, which do not ask for HTML, get the service's own response.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping, Sequence

Welcome = Callable[[], str]
"""Makes the page when it is asked for."""
_NOT_THERE = (403, 404)
"""API Gateway's answer where no resource is configured for a path, and a handler's own."""
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
code { font-size: .95em; } li { margin: .25rem 0; } .quiet { opacity: .7; }
"""


def is_asked_for(method: str, path: str, accept: str, status: int) -> bool:
    """Whether a browser opened the bare address, and the service had nothing to show there."""
    return method == "GET" and path == "/" and "text/html" in accept and status in _NOT_THERE


def welcome_page(service: str, methods: Mapping[str, Collection[str]], page_url: str) -> str:
    """Render the page: `methods` are those of the API's paths (ANY: all); `page_url` is the latency page."""
    name = html.escape(service)
    opened = [path for path in sorted(methods) if path != "/" and "{" not in path and {"GET", "ANY"} & {*methods[path]}]
    others = [
        f"{' '.join(sorted(methods[path]))} {path}" for path in sorted(methods) if path != "/" and path not in opened
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><style>{_STYLE}</style>'
        f"<h1>{name} is running</h1><p>It has no route <code>/</code>. Its paths:</p><ul>"
        + _items([f'<a href="{html.escape(path)}"><code>{html.escape(path)}</code></a>' for path in opened])
        + _items([f"<code>{html.escape(each)}</code>" for each in others])
        + f'</ul><p><a href="{html.escape(page_url)}">Cold and warm starts, live</a></p>'
        '<p class="quiet">This page is only on this machine: deployed, the service answers here itself.</p></html>'
    )


def _items(contents: Sequence[str]) -> str:
    return "".join(f"<li>{content}</li>" for content in contents)
