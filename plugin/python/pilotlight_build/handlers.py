"""The functions' handlers in serverless.yml, such as `handler.handler`: the module, and the name in it."""

from __future__ import annotations

import difflib

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.source_facts import Facts

_ALWAYS_BUILT_IN = frozenset(
    ["atexit", "builtins", "errno", "gc", "itertools", "marshal", "posix", "signal", "sys", "time"]
)
"""Modules within the interpreter, whatever a package has: Lambda refuses handlers in them."""


def entry_module(handler: str) -> str:
    """Return the file of a handler's module, by its path in the zip."""
    return handler.rpartition(".")[0].replace(".", "/") + ".py"


def module_files(handler: str) -> tuple[str, str]:
    """Return the files that can be a handler's module, by their paths in the zip: a module, or a package."""
    file = entry_module(handler)
    return file, file.removesuffix(".py") + "/__init__.py"


def module_of(handler: str) -> str:
    """Return the module that Lambda imports for a handler. Raises `PackagingError` for one that it cannot take."""
    path, dot, name = handler.rpartition(".")
    parts = path.replace("\\", "/").replace(".", "/").split("/")
    if not dot or not name:
        problem = "names no function in a module: write the module, a dot and the function, such as handler.handler"
    elif "\\" in path or "" in parts:
        problem = f"is no path within the package: write '{'/'.join(filter(None, parts))}.{name}'"
    elif parts[0] in _ALWAYS_BUILT_IN:
        problem = f"is in a module with the name of Python's own `{parts[0]}`, which Lambda imports instead: rename it"
    else:
        return ".".join(parts)
    raise PackagingError(f"serverless.yml has the handler {handler!r}, which {problem}.")


def wrong_name(handler: str, file: str, facts: Facts) -> str | None:
    """Return what is wrong where a handler's module, which is in `file`, certainly lacks its name.

    Lambda would find out at the first invocation ("Define Lambda function handler in Python").
    """
    name = handler.rpartition(".")[2]
    if facts.names is None or name in facts.names:
        return None
    near = difflib.get_close_matches(name, facts.names, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"it defines {', '.join(sorted(facts.names)) or 'nothing'}."
    return f"serverless.yml has the handler {handler!r}, but {file} defines no {name!r}: {remedy}"
