"""Whether a handler answers pings, as far as its source tells for certain."""

import ast
from collections.abc import Iterator

_READS_EVERYTHING = frozenset({"locals", "vars", "eval", "exec", "globals"})
"""Built-in functions by which a name can be used that is not written."""


def does_its_work_at_every_ping(source: bytes, name: str) -> bool:
    """Whether the module defines the handler as a plain function, once, that never uses its event.

    A decorator or a second definition of the name may wrap it, so with one nothing is certain.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(found) != 1 or found[0].decorator_list or _is_defined_elsewhere(tree, found[0], name):
        return False
    event = _event_of(found[0])
    return event is not None and not any(_may_use(node, event) for node in _inside(found[0]))


def _event_of(function: ast.FunctionDef) -> str | None:
    parameters = [*function.args.posonlyargs, *function.args.args]
    return parameters[0].arg if parameters else None


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from ast.walk(statement)


def _may_use(node: ast.AST, event: str) -> bool:
    return isinstance(node, ast.Name) and (node.id == event or node.id in _READS_EVERYTHING)


def _is_defined_elsewhere(tree: ast.Module, function: ast.FunctionDef, name: str) -> bool:
    """Whether anything else gives the module this name, or could: an assignment, an import, `globals()`, `import *`."""
    return any(_defines(node, name) for node in ast.walk(tree) if node is not function)


def _defines(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=found, ctx=ast.Store() | ast.Del()):
            return found == name
        case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
            return found == name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return any((alias.asname or alias.name.partition(".")[0]) in (name, "*") for alias in aliases)
        case ast.Name(id=found):
            return found in ("globals", "setattr", "exec")
        case _:
            return False
