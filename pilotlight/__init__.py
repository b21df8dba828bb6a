"""The public names of Pilotlight, each loaded on first use from the module that owns it.

A user waits for what is imported here: no `typing`, no `dataclasses`, no `logging` before it is needed. What keeps
execution environments warm is in `pilotlight.warming`, where nobody waits.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pilotlight.entry import entry_point
    from pilotlight.frameworks import routes_of
    from pilotlight.proxy import HttpError, Request, Response
    from pilotlight.routing import Routes
    from pilotlight.wrapping import warmable

__all__ = ["HttpError", "Request", "Response", "Routes", "entry_point", "routes_of", "warmable"]
__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """Load a public name by an import statement: `importlib.import_module` would make a cold start 0.5 % longer."""
    global HttpError, Request, Response, Routes, entry_point, routes_of, warmable
    if name == "entry_point":
        from pilotlight.entry import entry_point
    elif name == "warmable":
        from pilotlight.wrapping import warmable
    elif name == "routes_of":
        from pilotlight.frameworks import routes_of
    elif name == "Routes":
        from pilotlight.routing import Routes
    elif name in ("HttpError", "Request", "Response"):
        from pilotlight.proxy import HttpError, Request, Response
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = globals()[name]
    return found
