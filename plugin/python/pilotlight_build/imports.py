"""Every import of the functions must find its module in the package: better an error here than a 502 on Lambda."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pilotlight_build.bytecode import PackagingError

RUNTIME_MODULES = frozenset(
    {"boto3", "botocore", "jmespath", "dateutil", "s3transfer", "six", "urllib3", "awslambdaric", "snapshot_restore_py"}
)


def check(root: Path, own: Mapping[str, bytes], entry_modules: Iterable[str], installed: Iterable[str]) -> None:
    """Follow the imports of `entry_modules` through `own` files; raise `PackagingError` for one that leads nowhere.

    Imports guarded by `try … except ImportError` or `if TYPE_CHECKING` may lead nowhere.
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
        for module, line in _imports(own[importer], importer):
            for needed in _files(module, own):
                if needed not in seen:
                    seen.add(needed)
                    todo.append(needed)
            if module.split(".")[0] not in known and not _is_own(module, own):
                raise PackagingError(f"{importer}, line {line} imports {module}, which {_way_out(module, root, own)}")


def _way_out(module: str, root: Path, own: Mapping[str, bytes]) -> str:
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


def _files(module: str, own: Mapping[str, bytes]) -> Iterator[str]:
    """The files that importing `module` runs: its packages' __init__ and itself."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        yield from (name for name in (f"{path}.py", f"{path}/__init__.py") if name in own)


def _imports(source: bytes, name: str) -> Iterator[tuple[str, int]]:
    """Each (absolute module name, line) that the file certainly imports, at the top or inside a function."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PackagingError(f"{name}, line {error.lineno}: {error.msg}") from None
    package = name.removesuffix(".py").removesuffix("/__init__").split("/")
    if not name.endswith("/__init__.py"):
        package = package[:-1]
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if node.module:
                yield module, node.lineno
            else:
                yield from ((f"{module}.{alias.name}" if module else alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
        elif isinstance(node, ast.Try) and any(_catches_import_error(handler) for handler in node.handlers):
            todo += [*node.handlers, *node.orelse, *node.finalbody]
        else:
            todo += ast.iter_child_nodes(node)


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    caught = ast.dump(handler.type) if handler.type else "Exception"
    return any(name in caught for name in ("ImportError", "ModuleNotFoundError", "'Exception'")) or not handler.type
