"""Cold start: process start → first response posted, every app in turn, as a ratio to the bare handler of its round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, get_args

from bench import instructions
from bench.aims import Aim
from bench.apps import BARE, BARE_LEAN, OURS_LEAN, REQUEST, WRAPPED, App
from bench.install import Installed, Packaging, app_folder
from bench.modes import Mode, measurable, started
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

_MOST_WRAPPED = 1.05
_MOST_LEAN = {OURS_LEAN.name: 0.60, BARE_LEAN.name: 0.57}
_MOST_INSTRUCTIONS = 80e6
_Times = tuple[float, float, float]
"""Milliseconds to the first response, to the end of init, and of CPU to the first response."""
PACKAGINGS: tuple[Packaging, ...] = get_args(Packaging)


@dataclass(frozen=True, slots=True)
class _ColdStart:
    """One app in one packaging and mode: milliseconds in all and of its init, and the ratio to the bare handler.

    `cpu_ms` is the process's own time on a CPU, which other processes of the machine change less.
    """

    app: str
    title: str
    packaging: Packaging
    mode: str
    cold_ms: Spread
    init_ms: Spread
    cpu_ms: Spread
    ratio: Spread
    cpu_ratio: Spread


def run(apps: list[App], packagings: list[Packaging], modes: list[Mode], runs: int, count: bool) -> dict[str, Any]:
    """Measure; JSON-ready. Raises RuntimeError when an app fails or does not send one record for each request."""
    python = runtime_python()
    modes, left_out = measurable(modes)
    apps = [BARE, *(app for app in apps if app is not BARE)]
    with XRaySink() as sink:
        installed = {
            packaging: [Installed(app, app_folder(app, packaging, python), python, sink.address) for app in apps]
            for packaging in packagings
        }
        rows = _measure(installed, modes, runs, sink)
        counted, why_not = _count(installed) if count else ({}, "left out by --no-instructions")
    return {
        "cold_starts": [asdict(row) for row in rows],
        "instructions": counted,
        "instructions_left_out": why_not,
        "aims": [asdict(aim) for aim in _aims(rows, counted)],
        "modes_left_out": left_out,
        "python": str(python.resolve().name),
    }


def _measure(
    installed: dict[Packaging, list[Installed]], modes: list[Mode], runs: int, sink: XRaySink
) -> list[_ColdStart]:
    rows = []
    starts = sum(map(len, installed.values())) * len(modes) * (runs + 1)
    with progress("cold starts", starts) as advance:
        for packaging, apps in installed.items():
            for mode in modes:
                taken: dict[str, list[_Times]] = {each.app.name: [] for each in apps}
                for number in range(runs + 1):
                    for each in apps:
                        times = _cold_start(each, mode, sink)
                        advance()
                        if number:  # the first round fills the page cache
                            taken[each.app.name].append(times)
                rows += [_row(each.app, packaging, mode, taken[each.app.name], taken[BARE.name]) for each in apps]
    return rows


def _aims(rows: list[_ColdStart], counted: dict[str, dict[str, int]]) -> Iterator[Aim]:
    """The wrapped handler's: by instructions where they are counted, as they do not depend on the machine's load."""
    what = f"cold start of {WRAPPED.title} beside bare"
    for packaging in dict.fromkeys(row.packaging for row in rows):
        counts = counted.get(packaging, {})
        if WRAPPED.name in counts:
            ratio = counts[WRAPPED.name] / counts[BARE.name]
            yield Aim(f"{what}, {packaging}, in instructions", round(ratio, 4), _MOST_WRAPPED)
        for name, most in _MOST_LEAN.items():
            if name in counts:
                what = f"cold start of {name} beside bare, {packaging}, in instructions"
                yield Aim(what, round(counts[name] / counts[BARE.name], 4), most)
        if OURS_LEAN.name in counts:
            what = f"instructions of a cold start of {OURS_LEAN.name}, {packaging}"
            yield Aim(what, counts[OURS_LEAN.name], _MOST_INSTRUCTIONS)
    for row in rows:
        if row.app in _MOST_LEAN:
            what = f"cold start of {row.app} beside bare, {row.packaging}, {row.mode}"
            yield Aim(what, row.ratio.median, _MOST_LEAN[row.app])
            yield Aim(f"{what}, in CPU time", row.cpu_ratio.median, _MOST_LEAN[row.app])
    what = f"cold start of {WRAPPED.title} beside bare"
    for row in rows:
        if row.app == WRAPPED.name and not counted:
            yield Aim(f"{what}, {row.packaging}, {row.mode}", row.ratio.median, _MOST_WRAPPED)


def _cold_start(installed: Installed, mode: Mode, sink: XRaySink) -> _Times:
    app = installed.app
    with started(installed, mode) as environment:
        response = environment.invoke(REQUEST, acknowledge=False)
        cpu_ms = environment.cpu_ms
        _check(app, response.payload, environment.logs(), len(sink.take(0.2 if app.records else 0)))
        return environment.first_response_ms or 0.0, environment.init_ms or 0.0, cpu_ms


def _row(app: App, packaging: Packaging, mode: Mode, taken: list[_Times], bare: list[_Times]) -> _ColdStart:
    return _ColdStart(
        app.name,
        app.title,
        packaging,
        mode.name,
        *(Spread.of([times[part] for times in taken]) for part in range(3)),
        *(Spread.of([mine[part] / theirs[part] for mine, theirs in zip(taken, bare, strict=True)]) for part in (0, 2)),
    )


def _check(app: App, payload: Any, log: str, records: int) -> None:
    if not isinstance(payload, dict) or payload.get("statusCode") != 200:
        raise RuntimeError(f"{app.title} did not respond with status 200: {payload!r}; its log:\n{log}")
    if records != int(app.records):
        raise RuntimeError(f"{app.title} sent {records} X-Ray records for one request; its log:\n{log}")


def _count(installed: dict[Packaging, list[Installed]]) -> tuple[dict[str, dict[str, int]], str]:
    """Instructions by packaging and app, or why there are none."""
    if not instructions.has_valgrind():
        return {}, instructions.MISSING
    counted: dict[str, dict[str, int]] = {packaging: {} for packaging in installed}
    with progress("instructions", sum(map(len, installed.values()))) as advance:
        for packaging, apps in installed.items():
            for each in apps:
                counted[packaging][each.app.name] = instructions.count(each)
                advance()
    return counted, ""
