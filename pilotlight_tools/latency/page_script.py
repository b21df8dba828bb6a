"""The page's script: its modules in page/, joined to one, because the page is one file and may load nothing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_IMPORT = re.compile(r"^import (?:\{(?P<names>[^}]*)\} from )?'\./(?P<module>\w+)\.js';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)


@cache
def page_script(folder: Path, main: str = "main") -> str:
    """Return one script that does what the module `main`.js of `folder` does with those that it imports.

    Each module keeps a scope of its own. Imports have the form that biome gives them, and no circles.
    """
    joined: dict[str, str] = {}
    _add(folder, main, joined)
    return "\n".join(joined.values())


def _add(folder: Path, module: str, joined: dict[str, str]) -> None:
    """Add a module to `joined`, after what it imports."""
    source = (folder / f"{module}.js").read_text(encoding="utf-8")
    for found in _IMPORT.finditer(source):
        if found["module"] not in joined:
            _add(folder, found["module"], joined)
    exported = ", ".join(_EXPORT.findall(source))
    inner = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    joined[module] = f"const of_{module} = (() => {{\n{inner}return {{ {exported} }};\n}})();"


def _taken(found: re.Match[str]) -> str:
    names = found["names"]
    return f"const {{{names}}} = of_{found['module']};\n" if names else ""
