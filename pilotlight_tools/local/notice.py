"""Something that `npm start` says besides what the service does: new code, a new configuration, or why not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the terminal; `is_problem`: the developer has something to do."""

    about: str
    text: str
    is_problem: bool = False
