"""Whether a condition in a source holds where the source is deployed, as far as that is certain.

The deployed Python may run this file: no syntax here is newer than Python 3.9 (see source_facts.py).
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Target:
    """The Python that loads the sources: its minor version, such as (3, 13), and its `sys.platform`."""

    python: tuple[int, int]
    platform: str = "linux"


def holds(test: ast.expr, target: Target) -> bool | None:
    """Whether the condition is true on the target; None where that is not certain."""
    if isinstance(test, ast.BoolOp):
        values = [holds(each, target) for each in test.values]
        decisive = isinstance(test.op, ast.Or)
        return decisive if decisive in values else None if None in values else not decisive
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found = holds(test.operand, target)
        return None if found is None else not found
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if last_name(test) == "TYPE_CHECKING":
        return False
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compares(_value(test.left, target), test.ops[0], _value(test.comparators[0], target))
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "startswith":
        start = _constant(test.args[0]) if len(test.args) == 1 else None
        known = _value(test.func.value, target)
        return known.startswith(start) if isinstance(known, str) and isinstance(start, str) else None
    return None


def dotted(node: ast.expr) -> str:
    """The name that an expression is, such as `sys.path`; what is no name in it is `?`."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


def last_name(node: ast.expr) -> str:
    """The last part of such a name."""
    return dotted(node).rpartition(".")[2]


class _Unknown:
    """Something of which only one thing is known, if any: each comparison that needs more raises TypeError."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, is_not: object = None) -> None:
        self._is_not = is_not

    def __eq__(self, other: object) -> bool:
        if self._is_not is not None and other == self._is_not:
            return False
        raise TypeError

    def _unknown(self, _other: object) -> bool:
        raise TypeError

    __lt__ = __gt__ = __le__ = __ge__ = _unknown


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}


def _compares(one: Any, comparison: ast.cmpop, other: Any) -> bool | None:
    if one is None or other is None:
        return None
    try:
        return bool(_COMPARISONS[type(comparison)](one, other))
    except (KeyError, TypeError):
        return None


def _value(node: ast.expr, target: Target) -> Any:
    """What an expression is on the target, None where that is not known."""
    if isinstance(node, ast.Subscript):
        whole = _value(node.value, target) if last_name(node.value) == "version_info" else None
        return None if whole is None else _part(whole, node.slice)
    if isinstance(node, ast.Attribute) and last_name(node.value) == "version_info":
        return {"major": target.python[0], "minor": target.python[1]}.get(node.attr)
    if isinstance(node, ast.Call) and dotted(node.func) == "platform.system":
        return {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}.get(target.platform)
    if last_name(node) == "version_info":
        return (*target.python, _Unknown(), "final", 0)
    known = {
        "__name__": _Unknown(is_not="__main__"),
        "sys.platform": target.platform,
        "os.name": "nt" if target.platform == "win32" else "posix",
    }
    return known.get(dotted(node)) or _constant(node)


def _part(whole: tuple[Any, ...], index: ast.expr) -> Any:
    if isinstance(index, ast.Slice):
        ends = (None if end is None else _constant(end) for end in (index.lower, index.upper, index.step))
        return whole[slice(*ends)]
    number = _constant(index)
    return whole[number] if number in (0, 1) else None


def _constant(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
