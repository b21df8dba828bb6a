"""Check that the functions' imports find their modules in the package: an error here beats a 502 on Lambda."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.runtime_modules import RUNTIME_MODULES


@dataclass(frozen=True)
class Import:
    """An import statement: the absolute module, the names taken from it (none for `import module`), and its line."""

    module: str
    names: tuple[str, ...]
    line: int


def check(root: Path, own: Mapping[str, bytes], entry_modules: Iterable[str], installed: Iterable[str]) -> None:
    """Follow the imports of `entry_modules` through `own` files; raise `PackagingError` for a missing module.

    Modules of imports guarded by `try … except ImportError` or `if TYPE_CHECKING` may be missing. In a package that
    loads its names on demand (`__getattr__`), only the modules of the imported names are followed.
    """
    known = {name.split("/")[0].split(".")[0] for name in installed} | RUNTIME_MODULES | sys.stdlib_module_names
    todo = list(entry_modules)
    for entry in todo:
        if entry not in own:
            raise PackagingError(
                f"serverless.yml has a function whose handler is in {entry}, but "
                + (
                    f"package.patterns leaves it out: add {entry!r}."
                    if (root / entry).exists()
                    else "there is no such file."
                )
            )
    seen = set(todo)
    while todo:
        importer = todo.pop()
        for found in imports_of(own[importer], importer):
            for each in (found, *lazy_imports(found, own)):
                needed = [name for name in _files(each, own) if name not in seen]
                seen.update(needed)
                todo += needed
                if each.module.split(".")[0] not in known and not _is_own(each.module, own):
                    remedy = _remedy(each.module, root, own)
                    raise PackagingError(f"{importer}, line {each.line} imports {each.module}, which {remedy}")


def imports_of(source: bytes, name: str) -> Iterator[Import]:
    """Yield what the file `name` imports, at the top or inside a function, but not in its `__getattr__`."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PackagingError(f"{name}, line {error.lineno}: {error.msg}") from None
    yield from _statements([node for node in tree.body if not _loads_on_demand(node)], name)


def lazy_imports(found: Import, own: Mapping[str, bytes]) -> Iterator[Import]:
    """Yield what the package's `__getattr__` (PEP 562) imports for the names that `found` imports from it."""
    name = found.module.replace(".", "/") + "/__init__.py"
    if name not in own:
        return
    functions = [node for node in ast.parse(own[name]).body if _loads_on_demand(node)]
    for each in _statements(functions, name):
        if set(each.names).intersection(found.names):
            yield each


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
        f"pyproject.toml and run `npm run lock`, or add {top}'s file to the project and to package.patterns."
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


def _statements(nodes: Iterable[ast.AST], name: str) -> Iterator[Import]:
    package = name.removesuffix(".py").removesuffix("/__init__").split("/")
    if not name.endswith("/__init__.py"):
        package = package[:-1]
    todo = list(nodes)
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, (), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = tuple(alias.name for alias in node.names)
            if node.module:
                yield Import(module, names, node.lineno)
            else:
                yield from (Import(f"{module}.{each}" if module else each, (), node.lineno) for each in names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
        elif isinstance(node, ast.Try) and any(_catches_import_error(handler) for handler in node.handlers):
            todo += [*node.handlers, *node.orelse, *node.finalbody]
        else:
            todo += ast.iter_child_nodes(node)


def _loads_on_demand(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    caught = ast.dump(handler.type) if handler.type else "Exception"
    return any(name in caught for name in ("ImportError", "ModuleNotFoundError", "'Exception'")) or not handler.type
