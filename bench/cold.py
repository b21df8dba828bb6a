"""Cold start: process start → first response posted, every app in turn, as a ratio to the bare handler of its round."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from bench import instructions
from bench.apps import BARE, REQUEST, App
from bench.install import Packaging, app_folder
from bench.modes import Mode, measurable, started
from bench.progress_bar import progress
from bench.spread import Spread
from pilotlight_tools.local.runtime.python import runtime_python
from pilotlight_tools.local.runtime.x_ray_sink import XRaySink

PACKAGINGS: tuple[Packaging, ...] = get_args(Packaging)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One app in one packaging and mode: milliseconds and ratio to bare, and of the milliseconds the init's share."""

    app: str
    title: str
    packaging: Packaging
    mode: str
    cold_ms: Spread
    init_ms: Spread
    ratio: Spread


def run(apps: list[App], packagings: list[Packaging], modes: list[Mode], runs: int, count: bool) -> dict[str, Any]:
    """Measure; JSON-ready. Raises RuntimeError when an app fails or does not send one record for its request."""
    python = runtime_python()
    modes, left_out = measurable(modes)
    apps = [BARE, *(app for app in apps if app is not BARE)]
    folders = {(app.name, packaging): app_folder(app, packaging, python) for packaging in packagings for app in apps}
    rows = []
    with XRaySink() as sink, progress("cold starts", len(packagings) * len(modes) * (runs + 1) * len(apps)) as advance:

        def cold_start(app: App, packaging: Packaging, mode: Mode) -> tuple[float, float]:
            with started(app, folders[app.name, packaging], mode, python, sink.address) as environment:
                answer = environment.invoke(REQUEST)
                _check(app, answer.payload, environment.logs(), len(sink.take(0.2 if app.records else 0)))
                advance()
                return environment.first_response_ms or 0.0, environment.init_ms or 0.0

        for packaging in packagings:
            for mode in modes:
                taken: dict[str, list[tuple[float, float]]] = {app.name: [] for app in apps}
                for number in range(runs + 1):
                    for app in apps:
                        times = cold_start(app, packaging, mode)
                        if number:  # the first round fills the page cache
                            taken[app.name].append(times)
                rows += [_row(app, packaging, mode, taken[app.name], taken[BARE.name]) for app in apps]
    counted, why_not = _count(apps, packagings, folders, python) if count else ({}, "left out by --no-instructions")
    return {
        "cold_starts": [asdict(row) for row in rows],
        "instructions": counted,
        "instructions_left_out": why_not,
        "modes_left_out": left_out,
        "python": str(python.resolve().name),
    }


def _row(
    app: App, packaging: Packaging, mode: Mode, taken: list[tuple[float, float]], bare: list[tuple[float, float]]
) -> ColdStart:
    return ColdStart(
        app.name,
        app.title,
        packaging,
        mode.name,
        Spread.of([cold for cold, _ in taken]),
        Spread.of([init for _, init in taken]),
        Spread.of([cold / bare_cold for (cold, _), (bare_cold, _) in zip(taken, bare, strict=True)]),
    )


def _check(app: App, payload: Any, log: str, records: int) -> None:
    if not isinstance(payload, dict) or payload.get("statusCode") != 200:
        raise RuntimeError(f"{app.title} did not answer 200 but {payload!r}; its log:\n{log}")
    if records != int(app.records):
        raise RuntimeError(f"{app.title} sent {records} X-Ray records for one request; its log:\n{log}")


def _count(
    apps: list[App], packagings: list[Packaging], folders: dict[tuple[str, Packaging], Path], python: Path
) -> tuple[dict[str, dict[str, int]], str]:
    if not instructions.installed():
        return {}, instructions.MISSING
    counted: dict[str, dict[str, int]] = {}
    with XRaySink() as sink, progress("instructions", len(apps) * len(packagings)) as advance:
        for packaging in packagings:
            for app in apps:
                folder = folders[app.name, packaging]
                counted.setdefault(packaging, {})[app.name] = instructions.count(app, folder, python, sink.address)
                advance()
    return counted, ""
