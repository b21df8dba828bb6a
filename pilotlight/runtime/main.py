"""In place of Lambda's own bootstrap.py: the search path and the variables as it leaves them, then the handler.

AWS publishes that file in its base images (public.ecr.aws/lambda/python). What it loads before the function's code also
decides which file a later `import` finds: see `RuntimeModules`.
"""

import builtins
import os
import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

LOADED_BY_THE_MANAGED_CLIENT = frozenset(
    (
        *("__future__", "_colorize", "_decimal", "_heapq", "_json", "_queue", "_weakrefset", "awslambdaric"),
        *("collections", "concurrent", "contextlib", "copyreg", "decimal", "enum", "functools", "heapq", "importlib"),
        *("json", "keyword", "linecache", "logging", "math", "numbers", "operator", "queue", "re", "reprlib"),
        *("runtime_client", "simplejson", "string", "textwrap", "threading", "traceback", "types", "warnings"),
        "weakref",
    )
)
"""Modules that are loaded before the function's folder is on the search path."""


def main() -> None:
    """Run the handler of this function. `sys.argv` is that of start.py: Python, then Lambda's bootstrap.py."""
    sys.argv[:] = sys.argv[2:]
    os.environ.pop("AWS_LAMBDA_EXEC_WRAPPER", None)
    sys.path[:2] = [os.path.dirname(sys.argv[0])]  # noqa: PTH120 (pathlib is heavy)
    if sys.flags.no_site:
        _do_what_site_does()
    sys.meta_path.insert(0, RuntimeModules(sys.path[:]))
    _set_path()
    from pilotlight.runtime import loop

    loop.main(os.environ["_HANDLER"], os.environ["AWS_LAMBDA_RUNTIME_API"])


class RuntimeModules:
    """A finder that stands first, and finds those modules where the managed client has them from.

    A `logging.py` of the function's own thus does not replace Python's here either. `path`: the search path without the
    function's folder and layers. `logging` is set up when the function's code loads it.
    """

    def __init__(self, path: list[str]) -> None:
        self._path = path

    def find_spec(self, name: str, *_: object) -> "ModuleSpec | None":
        """Find a module, as `sys.meta_path` asks for it."""
        if name not in LOADED_BY_THE_MANAGED_CLIENT:
            return None
        spec = PathFinder.find_spec(name, self._path)
        if name == "logging" and spec and spec.loader:
            _set_up_after(spec.loader)
        return spec


def _do_what_site_does() -> None:
    """What else `site` does when Python starts; the wrapper passes -S where there is no more to it than this."""
    import _sitebuiltins

    prefix = os.path.dirname(os.path.dirname(sys.executable))  # noqa: PTH120
    folders = [f"{prefix}/{lib}/python3.{sys.version_info[1]}/site-packages" for lib in {sys.platlibdir: 0, "lib": 0}]
    sys.path += [folder for folder in folders if os.path.isdir(folder)]  # noqa: PTH112
    given = vars(builtins)
    given |= {name: _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)") for name in ("quit", "exit")}
    given |= {name: _OfSite(name) for name in ("copyright", "credits", "license")}
    given["help"] = _sitebuiltins._Helper()


class _OfSite:
    """A text among the builtins: `site` makes it when somebody asks for it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _made(self) -> "Any":
        import site

        site.setcopyright()
        return vars(builtins)[self._name]

    def __repr__(self) -> str:
        return repr(self._made())

    def __call__(self) -> None:
        self._made()()


def _set_path() -> None:
    if "PYTHONPATH" not in os.environ:
        layers = [f"/opt/python/lib/python3.{sys.version_info[1]}/site-packages", "/opt/python"]
        sys.path[:0] = [*layers, f"/var/lang/lib/python3.{sys.version_info[1]}/site-packages"]
        # `site.addsitedir` appends what is not there; the wrapper has seen that there are no .pth files.
        sys.path += [layer for layer in layers if not os.path.exists(layer)]  # noqa: PTH110
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])


def _set_up_after(loader: "Any") -> None:
    execute = loader.exec_module

    def exec_module(module: object) -> None:
        del loader.exec_module
        execute(module)
        from pilotlight.runtime import log_records

        log_records.set_up()

    loader.exec_module = exec_module
