"""One trace as a page: a waterfall of its segments, as the X-Ray console draws it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pilotlight_tools.latency.documents import Document
from pilotlight_tools.latency.page import stylesheet
from pilotlight_tools.latency.tables import milliseconds

_STYLE = """
h1 { margin: 0 0 1.2rem; font-size: 1.3rem; } th { text-align: left; white-space: normal; }
tbody th { min-width: 11rem; overflow-wrap: anywhere; font-weight: 500; } th:last-child { width: 62%; }
.lane { position: relative; height: 1.3rem; } .bar { position: absolute; top: 0.2rem; height: 0.9rem; min-width: 3px;
border-radius: 0.2rem; background: var(--warm); print-color-adjust: exact; forced-color-adjust: none; }
.fault { border: 1px solid var(--fault);
background: repeating-linear-gradient(45deg, var(--fault) 0 3px, var(--card) 3px 6px); }
@media (max-width: 40rem) { tbody th { min-width: 6rem; } th, td { padding: 0.4rem; } th:last-child { width: 45%; } }
pre { overflow-x: auto; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.8rem; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Span:
    """One segment or subsegment in the waterfall: how deep it stands, and its share of the trace, 0 to 1."""

    name: str
    depth: int
    start: float
    length: float
    milliseconds: float | None
    is_fault: bool


def spans_of(documents: Sequence[Document]) -> list[Span]:
    """Order the documents of a trace as a tree, each below its parent, earliest first."""
    whole = [document for document in documents if isinstance(document.get("start_time"), int | float)]
    ended = [float(each["end_time"]) for each in _all(whole) if isinstance(each.get("end_time"), int | float)]
    began = min((float(each["start_time"]) for each in _all(whole)), default=0.0)
    scale = max([end - began for end in ended], default=0.0) or 1.0
    known = {each.get("id") for each in _all(whole)}
    children: dict[str, list[Document]] = {}
    for document in whole:
        parent = document.get("parent_id")
        children.setdefault(str(parent) if parent in known else "", []).append(document)
    spans = list(_below("", children, 0, (began, scale)))
    while children:  # parents in a circle: nothing above leads to them
        spans += _below(next(iter(children)), children, 0, (began, scale))
    return spans


def trace_page(trace_id: str, documents: Sequence[Document]) -> str:
    """Render the page of a trace, its documents below the waterfall."""
    rows = "".join(_row(span) for span in spans_of(documents))
    title = html.escape(f"Trace {trace_id}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{title}</title><style>{stylesheet()}{_STYLE}</style></head><body><main>"
        f'<p class="kicker">What one request was made of</p><h1>{title}</h1>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Waterfall"><table><thead><tr>'
        '<th scope="col">Segment</th><th scope="col">Time</th><th scope="col">From begin to end</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        '<details><summary>The documents</summary><pre tabindex="0">'
        f"{html.escape(json.dumps(list(documents), indent=2))}</pre></details></main></body></html>"
    )


def _row(span: Span) -> str:
    time = "in progress" if span.milliseconds is None else milliseconds(span.milliseconds)
    kind = "bar fault" if span.is_fault else "bar"
    place = f"left: {100 * span.start:.2f}%; width: {100 * span.length:.2f}%"
    told = '<span class="hidden"> failed</span>' if span.is_fault else ""
    return (
        f'<tr><th scope="row" style="padding-left: {0.65 + span.depth:.2f}rem">{html.escape(span.name)}{told}</th>'
        f'<td>{time}</td><td><div class="lane"><div class="{kind}" style="{place}"></div></div></td></tr>'
    )


def _below(parent: str, children: dict[str, list[Document]], depth: int, axis: tuple[float, float]) -> Iterator[Span]:
    """Yield what stands below a document; each leaves `children`, so that a circle of parents ends."""
    began, scale = axis
    for document in sorted(children.pop(parent, []), key=lambda each: float(each["start_time"])):
        start, end = float(document["start_time"]), document.get("end_time")
        length = float(end) - start if isinstance(end, int | float) else None
        yield Span(
            name=str(document.get("name", "?")),
            depth=depth,
            start=(start - began) / scale,
            length=(length or 0.0) / scale,
            milliseconds=None if length is None else length * 1000,
            is_fault=bool(document.get("fault") or document.get("error") or document.get("throttle")),
        )
        identity = str(document.get("id", ""))
        inner = [each for each in document.get("subsegments") or () if isinstance(each, dict) and "start_time" in each]
        if inner:
            children.setdefault(identity, []).extend(inner)
        if identity:
            yield from _below(identity, children, depth + 1, axis)


def _all(documents: Sequence[Document]) -> Iterator[Document]:
    for document in documents:
        yield document
        yield from _all([each for each in document.get("subsegments") or () if isinstance(each, dict)])
