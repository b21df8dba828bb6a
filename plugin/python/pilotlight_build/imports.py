"""Check that the functions' imports find their modules in the package: an error here beats a 502 on Lambda."""

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pilotlight_build.bytecode import PackagingError


@dataclass(frozen=True)
class Import:
    """An import statement: the absolute module, the names taken from it (none for `import module`), and its line.

    `is_certain`: it runs whenever the module is loaded, so a missing module is certain to fail.
    """

    module: str
    names: tuple[str, ...]
    line: int
    is_certain: bool = True


def check(root: Path, own: Mapping[str, bytes], entry_modules: Sequence[str], known: Collection[str]) -> list[str]:
    """Follow the imports of `entry_modules` through `own` files; raise `PackagingError` for what is certain to fail.

    `known` are the modules that the package, the runtime or a layer has. Returns a notice for each that is missing
    where an import may never run, such as in a function or below an `if`. Modules may be missing where the import says
    so: `try … except ImportError`, `contextlib.suppress`, `if TYPE_CHECKING`, `if __name__ == "__main__"`. In a package
    that loads its names on demand (`__getattr__`), only the modules of the imported names are followed.
    """
    for entry in entry_modules:
        if entry not in own:
            raise PackagingError(
                f"serverless.yml has a function whose handler is in {entry}, but "
                + (
                    f"package.patterns leaves it out: add {entry!r}."
                    if (root / entry).exists()
                    else "there is no such file."
                )
            )
    told = {}
    for is_certain in (True, False):
        for importer, found in _missing(own, entry_modules, {*known, *sys.stdlib_module_names}, is_certain):
            text = f"{importer}, line {found.line} imports {found.module}, which {_remedy(found.module, root, own)}"
            if is_certain:
                raise PackagingError(text)
            told[found.module] = f"If it ever runs: {text}"
    return list(told.values())


def _missing(
    own: Mapping[str, bytes], entry_modules: Sequence[str], known: Collection[str], is_certain: bool
) -> Iterator[tuple[str, Import]]:
    """Each import of a module that is nowhere; only those that are certain to run, or all."""
    todo = list(entry_modules)
    seen = set(todo)
    while todo:
        importer = todo.pop()
        for found in imports_of(own[importer], importer):
            for each in (found, *lazy_imports(found, own)):
                if is_certain and not each.is_certain:
                    continue
                needed = [name for name in _files(each, own) if name not in seen]
                seen.update(needed)
                todo += needed
                if each.module.split(".")[0] not in known and not _is_own(each.module, own):
                    yield importer, each


@cache
def imports_of(source: bytes, name: str) -> tuple[Import, ...]:
    """Return what the file `name` imports, at the top or inside a function, but not in its `__getattr__`."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PackagingError(f"{name}, line {error.lineno}: {error.msg}") from None
    body = [node for node in tree.body if not _loads_on_demand(node)]
    return tuple(_statements(body, _package_of(name), True))


def lazy_imports(found: Import, own: Mapping[str, bytes]) -> Iterator[Import]:
    """Yield what the package's `__getattr__` (PEP 562) imports for the names that `found` imports from it."""
    name = found.module.replace(".", "/") + "/__init__.py"
    if name not in own:
        return
    functions = [node for node in ast.parse(own[name]).body if _loads_on_demand(node)]
    for each in _statements(functions, _package_of(name), True):
        if set(each.names).intersection(found.names):
            yield replace(each, is_certain=found.is_certain)


def _remedy(module: str, root: Path, own: Mapping[str, bytes]) -> str:
    top = module.split(".")[0]
    if (root / f"{top}.py").exists():
        return f"the package leaves out: add '{top}.py' to package.patterns in serverless.yml."
    if any(name.startswith(f"{top}/") for name in own):
        return f"is not in the package: there is no {module.replace('.', '/')}.py among the files of package.patterns."
    if (root / top).is_dir() and any((root / top).rglob("*.py")):
        return f"the package leaves out: add '{top}/**' to package.patterns in serverless.yml."
    return (
        f"is neither a module of this project nor in requirements.txt: add its package to the group `service` in "
        f"pyproject.toml and run `npm run lock`, or add {top}'s file to the project and to package.patterns. If a "
        f"layer has it, write `provided: [{top}]` under custom.pilotlight."
    )


def _is_own(module: str, own: Mapping[str, bytes]) -> bool:
    path = module.replace(".", "/")
    return f"{path}.py" in own or any(name.startswith(f"{path}/") for name in own)


def _files(found: Import, own: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the own files that an import runs: the packages' __init__, the module, and submodules among the names."""
    modules = [found.module, *(f"{found.module}.{name}" for name in found.names)]
    for module in modules:
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end])
            yield from (name for name in (f"{path}.py", f"{path}/__init__.py") if name in own)


def _package_of(name: str) -> list[str]:
    """The package of a file, to which its relative imports belong."""
    parts = name.removesuffix(".py").removesuffix("/__init__").split("/")
    return parts if name.endswith("/__init__.py") else parts[:-1]


def _statements(nodes: Iterable[ast.AST], package: list[str], is_certain: bool) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, (), node.lineno, is_certain) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node, package, is_certain)
        else:
            for inner, certain in _inside(node, is_certain):
                yield from _statements(inner, package, certain)


def _from(node: ast.ImportFrom, package: list[str], is_certain: bool) -> Iterator[Import]:
    base = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    names = tuple(alias.name for alias in node.names)
    if node.module:
        yield Import(module, names, node.lineno, is_certain)
    else:
        for each in names:
            yield Import(f"{module}.{each}" if module else each, (), node.lineno, is_certain)


def _inside(node: ast.AST, is_certain: bool) -> Iterator[tuple[Iterable[ast.AST], bool]]:
    """The statements within one, and whether they run whenever it does; without those that may fail to import."""
    if isinstance(node, ast.If):
        if not _is_never(node.test):
            yield node.body, False
        yield node.orelse, is_certain and _is_never(node.test)
    elif isinstance(node, ast.Try | ast.TryStar):
        may_fail = any(_catches_import_error(handler) for handler in node.handlers)
        if not may_fail:
            yield node.body, is_certain
        yield node.handlers, False
        yield node.orelse, is_certain and not may_fail
        yield node.finalbody, is_certain
    elif isinstance(node, ast.With):
        if not any("suppress" in ast.dump(item.context_expr) for item in node.items):
            yield node.body, is_certain
    else:
        yield ast.iter_child_nodes(node), is_certain and isinstance(node, ast.ClassDef)


def _is_never(test: ast.expr) -> bool:
    """Whether a condition is false on Lambda: `TYPE_CHECKING`, and `__name__ == "__main__"`."""
    text = ast.dump(test)
    return "TYPE_CHECKING" in text or ("__name__" in text and "__main__" in text)


def _loads_on_demand(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    caught = ast.dump(handler.type) if handler.type else "Exception"
    return any(name in caught for name in ("ImportError", "ModuleNotFoundError", "'Exception'")) or not handler.type
