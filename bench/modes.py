"""How much CPU an execution environment has while it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.apps import App
from bench.cpu_quota import cpu_quota, unavailable
from pilotlight_tools.local.runtime.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Mode:
    """CPU by memory size, in MB, during init and after it; None is all the CPU there is."""

    name: str
    title: str
    init_mb: int | None = None
    after_mb: int | None = None


FULL = Mode("full", "full CPU")
MODES = [
    FULL,
    Mode("512", "512 MB all along", 512, 512),
    # Lambda gives an on-demand init more CPU than the memory size buys; how much is not documented.
    Mode("128-after-init", "CPU free in init, 128 MB after", None, 128),
]


def measurable(modes: list[Mode]) -> tuple[list[Mode], dict[str, str]]:
    """The modes this machine can measure, and for each left out the reason."""
    reason = unavailable()
    if not reason:
        return modes, {}
    left_out = {mode.title: reason for mode in modes if mode.init_mb or mode.after_mb}
    return [mode for mode in modes if mode.title not in left_out], left_out


@contextmanager
def started(
    app: App, folder: Path, mode: Mode, python: Path, daemon_address: str, **keywords: Any
) -> Iterator[Sandbox]:
    """An environment of an app with that mode's CPU, ended with the `with`. keywords: Sandbox's."""
    variables = {"AWS_XRAY_DAEMON_ADDRESS": daemon_address, "PILOTLIGHT_SERVICE": "pilotlight-bench"}
    variables |= keywords.pop("environment", {})
    arguments = {"python": python, "environment": variables, "memory_mb": mode.after_mb or 1769, **keywords}
    if mode.after_mb is None:
        with Sandbox(folder, app.handler, **arguments) as environment:
            yield environment
        return
    with cpu_quota(mode.after_mb) as quota:
        arguments |= {"start": quota.start} if mode.init_mb else {"on_init_complete": quota.add}
        with Sandbox(folder, app.handler, **arguments) as environment:
            yield environment
