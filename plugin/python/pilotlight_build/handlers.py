"""The functions' handlers in serverless.yml, such as `handler.handler`: the module's file, and the name in it."""

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping

from pilotlight_build.bytecode import PackagingError


def entry_module(handler: str) -> str:
    """Return the file of a handler's module, by its path in the zip."""
    return handler.rpartition(".")[0].replace(".", "/") + ".py"


def module_files(handler: str) -> tuple[str, str]:
    """Return the files that can be a handler's module, by their paths in the zip: a module, or a package."""
    file = entry_module(handler)
    return file, file.removesuffix(".py") + "/__init__.py"


def is_installed(handler: str, own: Mapping[str, bytes], installed: Mapping[str, bytes]) -> bool:
    """Whether a handler's module is of an installed package, such as `pilotlight.redirect.handler`."""
    files = module_files(handler)
    return not any(file in own for file in files) and any(file in installed for file in files)


def check_handlers(files: Mapping[str, bytes], handlers: Iterable[str]) -> None:
    """Raise `PackagingError` for a handler whose module, one of the package's `files`, certainly lacks its name.

    Lambda would find out at the first invocation ("Define Lambda function handler in Python").
    """
    for handler in handlers:
        name = handler.rpartition(".")[2]
        file = next(each for each in module_files(handler) if each in files)
        names = top_level_names(files[file])
        if names is None or name in names:
            continue
        near = difflib.get_close_matches(name, names, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"it defines {', '.join(sorted(names)) or 'nothing'}."
        raise PackagingError(f"serverless.yml has the handler {handler!r}, but {file} defines no {name!r}: {remedy}")


def top_level_names(source: bytes) -> set[str] | None:
    """Return the names that a module defines; None where that is not certain (`import *`, a module `__getattr__`)."""
    names = set(_names(ast.parse(source).body))
    return None if names & {"*", "__getattr__"} else names


def _names(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in aliases)
            case _:
                # Assignments of every kind, also those inside `if`, `try` or `with`, which define for the module too.
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield node.id
                    elif isinstance(node, ast.stmt) and node is not statement:
                        yield from _names([node]) if _defines(node) else ()


def _defines(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
