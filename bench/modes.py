"""How much CPU an execution environment has while it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.cpu_quota import MB_PER_VCPU, cpu_quota, unavailable
from bench.install import Installed
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
    """Return the modes that this machine can measure, and the reason for each mode left out."""
    reason = unavailable()
    if not reason:
        return modes, {}
    left_out = {mode.title: reason for mode in modes if mode.init_mb or mode.after_mb}
    return [mode for mode in modes if mode.title not in left_out], left_out


@contextmanager
def started(installed: Installed, mode: Mode) -> Iterator[Sandbox]:
    """Start an execution environment of an app with that mode's CPU, for the block."""
    arguments: dict[str, Any] = {
        "python": installed.python,
        "environment": installed.variables,
        "memory_mb": mode.after_mb or MB_PER_VCPU,
    }
    with ExitStack() as stack:
        if mode.after_mb is not None:
            quota = stack.enter_context(cpu_quota(mode.after_mb))
            arguments |= {"start": quota.start} if mode.init_mb else {"on_init_complete": quota.add}
        yield stack.enter_context(Sandbox(installed.folder, installed.app.handler, **arguments))
