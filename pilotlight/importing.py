"""When the import of the handler's module ends, wherever in it, or below it, the code stands that asks."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def call_at_end_of_import(call: Callable[[], None]) -> None:
    """Call `call` when the outermost import that is under way ends; now, where there is none."""
    spec = _outermost_import()
    if spec is None or not _call_when_imported(spec, call):
        call()


def _outermost_import() -> Any:
    """The spec of the module whose import led here, the first of all that are under way; None where none is."""
    found = None
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            spec = frame.f_globals.get("__spec__")
            found = spec if getattr(spec, "_initializing", False) else found
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _call_when_imported(spec: Any, call: Callable[[], None]) -> bool:
    """Call `call` when the import system marks this module as loaded; False where the spec is of an unknown kind.

    CPython has no event for it; since 3.4 its import system sets `_initializing` of the module's spec to False.
    """
    kind = type(spec)

    class Watched(kind):  # type: ignore[misc, valid-type]
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_initializing" and not value:
                self.__class__ = kind
                call()

    try:
        spec.__class__ = Watched
    except TypeError:
        return False
    return True
