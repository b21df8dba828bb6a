"""Which file a module comes from, and what follows when `logging` is loaded."""

import sys

from _frozen_importlib_external import PathFinder

LOADED_BY_THE_MANAGED_CLIENT = frozenset(
    (
        *("__future__", "_colorize", "_decimal", "_heapq", "_json", "_queue", "_weakrefset", "awslambdaric"),
        *("collections", "concurrent", "contextlib", "copyreg", "decimal", "enum", "functools", "heapq", "importlib"),
        *("json", "keyword", "linecache", "logging", "math", "numbers", "operator", "queue", "re", "reprlib"),
        *("runtime_client", "simplejson", "string", "textwrap", "threading", "traceback", "types", "warnings"),
        "weakref",
    )
)
"""Under the managed client these are loaded before the function's folder is on the path."""


class RuntimeModules:
    """A finder that stands first. It looks for those modules where the managed client has them from.

    A `logging.py` of the function's own thus does not replace Python's here either. `path`: `sys.path` before the
    function's folder and layers are put in front.
    """

    def __init__(self, path: list[str]) -> None:
        self._path = path

    def find_spec(self, name: str, path: object = None, target: object = None):
        """Find a module, as `sys.meta_path` asks for it."""
        if name not in LOADED_BY_THE_MANAGED_CLIENT:
            return None
        spec = PathFinder.find_spec(name, self._path)
        if name == "logging" and spec is not None:
            _set_up_after(spec.loader)
        return spec


def _set_up_after(loader) -> None:
    execute = loader.exec_module

    def exec_module(module: object) -> None:
        del loader.exec_module
        execute(module)
        from pilotlight.runtime import log_records

        log_records.set_up()

    loader.exec_module = exec_module
