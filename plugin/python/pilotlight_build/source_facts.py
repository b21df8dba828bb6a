"""What a source imports when it is loaded, and which names it has: as plain data.

The deployed Python runs this file too, where this Python lacks its grammar: `python source_facts.py` reads a line of
JSON for each source and answers with one. So it needs the standard library alone, and no syntax newer than Python 3.9.
"""

from __future__ import annotations

import ast
import builtins
import json
import sys
import warnings
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pilotlight_build import conditions
from pilotlight_build.conditions import Target, dotted, last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ALWAYS, PERHAPS, CAUGHT = "always", "perhaps", "caught"
"""When an import runs: whenever its file is loaded; under a condition; where its failure is expected."""
_WEAKNESS = (ALWAYS, PERHAPS, CAUGHT)
_IMPORT_SYSTEM = frozenset({"path", "modules", "meta_path", "path_hooks"})
"""The parts of `sys` by which modules are found."""
_NAMES_BY_OTHER_MEANS = frozenset({"*", "__getattr__", "__class__"})
_LOOKS_ONLY = frozenset({"copy", "count", "get", "index", "items", "keys", "pop", "remove", "values"})
_DOES_NOT_SUPPRESS = frozenset({"open", "catch_warnings", "TemporaryDirectory", "Lock", "RLock"})


def _kinds(*names: str) -> tuple[type[ast.AST], ...]:
    """Kinds of nodes, of which this Python may lack some."""
    return tuple(getattr(ast, name) for name in names if hasattr(ast, name))


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMED = (ast.Name, ast.Attribute)
_CAPTURES = (ast.ExceptHandler, *_kinds("MatchAs", "MatchStar", "MatchMapping"))
_TRIES = _kinds("Try", "TryStar")
_BLOCKS = (ast.ExceptHandler, *_kinds("match_case"))


@dataclass(frozen=True)
class Import:
    """An import statement: the absolute module, the names taken from it (none for `import module`), and its line.

    `unless`: the imports, by their index in the file, of which one must have failed before this one runs. `beyond`: it
    is relative, and its file is in no such package.
    """

    module: str
    names: tuple[str, ...]
    line: int
    when: str = ALWAYS
    unless: tuple[int, ...] = ()
    beyond: bool = False


@dataclass(frozen=True)
class Facts:
    """What is certain about a source. `error` is why it cannot be loaded, with its line; nothing else is known then.

    `names` is None where they are not certain (`import *`, a module `__getattr__`, `globals()`). `on_demand` are the
    imports of its `__getattr__` (PEP 562). `is_open`: modules below it may come from elsewhere than its folder.
    `changes_search`: it may change where modules are found. `sets` are attributes that it gives to other things, which
    may be modules, and `*` where they may have any name.
    """

    imports: tuple[Import, ...] = ()
    on_demand: tuple[Import, ...] = ()
    names: frozenset[str] | None = None
    is_open: bool = True
    changes_search: bool = False
    sets: frozenset[str] = frozenset()
    error: tuple[int, str] | None = None


def facts_of(source: bytes, name: str, target: Target) -> Facts:
    """Return the facts of the file `name`, by its path in the zip."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, name, feature_version=_grammar(target))
            compile(tree, name, "exec", dont_inherit=True)
        return _facts(tree, name, target)
    except SyntaxError as error:
        return Facts(error=(error.lineno or 1, error.msg))
    except ValueError as error:
        return Facts(error=(1, str(error)))
    except (RecursionError, MemoryError):
        return Facts()


def imports_of(source: bytes, name: str) -> Iterator[Import]:
    """Yield what the file `name` imports here, at the top or in a function, unless it expects the import to fail."""
    found = facts_of(source, name, Target(sys.version_info[:2], sys.platform))
    return (each for each in found.imports if each.when != CAUGHT)


def lazy_imports(found: Import, files: Mapping[str, bytes]) -> Iterator[Import]:
    """Yield what the package's `__getattr__` (PEP 562) imports for the names that `found` imports from it."""
    name = found.module.replace(".", "/") + "/__init__.py"
    facts = facts_of(files.get(name, b""), name, Target(sys.version_info[:2], sys.platform))
    return (each for each in facts.on_demand if set(each.names).intersection(found.names))


def weaker(one: str, other: str) -> str:
    """Of two conditions, the one under which an import is less certain."""
    return max(one, other, key=_WEAKNESS.index)


def as_plain(facts: Facts) -> dict[str, Any]:
    """The facts as JSON can hold them."""
    names = None if facts.names is None else sorted(facts.names)
    return {**asdict(facts), "names": names, "sets": sorted(facts.sets)}


def from_plain(plain: Mapping[str, Any]) -> Facts:
    """The facts that `as_plain` wrote."""

    def imports(found: Sequence[Mapping[str, Any]]) -> tuple[Import, ...]:
        return tuple(
            Import(**{**each, "names": tuple(each["names"]), "unless": tuple(each["unless"])}) for each in found
        )

    return Facts(
        imports=imports(plain["imports"]),
        on_demand=imports(plain["on_demand"]),
        names=None if plain["names"] is None else frozenset(plain["names"]),
        is_open=plain["is_open"],
        changes_search=plain["changes_search"],
        sets=frozenset(plain["sets"]),
        error=None if plain["error"] is None else (plain["error"][0], plain["error"][1]),
    )


def _facts(tree: ast.Module, name: str, target: Target) -> Facts:
    on_demand = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"]
    eager = _Reader(name, target)
    eager.read([node for node in tree.body if node not in on_demand])
    lazy = _Reader(name, target)
    for function in on_demand:
        lazy.parameter = "".join(argument.arg for argument in function.args.args[:1])
        lazy.read(function.body)
    nodes = list(ast.walk(tree))
    mentioned = {node.id if isinstance(node, ast.Name) else node.attr for node in nodes if isinstance(node, _NAMED)}
    uses_modules = any(_is_of_sys(node, _IMPORT_SYSTEM - {"path"}) or _takes_from_sys(node) for node in nodes)
    names = frozenset(_names(tree, nodes))
    return Facts(
        imports=tuple(eager.imports),
        on_demand=tuple(lazy.imports),
        names=None if uses_modules or names & _NAMES_BY_OTHER_MEANS or _writes_names(tree, nodes) else names,
        is_open=uses_modules or bool(mentioned & {"__path__", "extend_path"}),
        changes_search="addsitedir" in mentioned or _changes_search(nodes),
        sets=frozenset(_set_elsewhere(nodes)),
    )


class _Reader:
    """Collects the imports of statements, in their order."""

    def __init__(self, name: str, target: Target) -> None:
        self.imports: list[Import] = []
        self.parameter = ""
        """Of `__getattr__`: a condition on it alone says which name is wanted."""
        self._package = _package_of(name)
        self._target = target

    def read(self, statements: Iterable[ast.stmt], when: str = ALWAYS, unless: tuple[int, ...] = ()) -> None:
        for node in statements:
            if isinstance(node, ast.Import):
                self.imports += [Import(alias.name, (), node.lineno, when, unless) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                self.imports += [replace(each, when=when, unless=unless) for each in self._from(node)]
            elif isinstance(node, ast.ClassDef):
                self.read(node.body, when, unless)
            elif isinstance(node, ast.If):
                self._if(node, when, unless)
            elif isinstance(node, _TRIES):
                self._try(cast("ast.Try", node), when, unless)
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                self.read(node.body, weaker(when, _of_context(node)), unless)
            else:
                self.read(_inner_statements(node), weaker(when, PERHAPS), unless)
            if isinstance(node, (ast.Raise, ast.Return)):
                return  # nothing after it runs

    def _from(self, node: ast.ImportFrom) -> Iterator[Import]:
        names = tuple(alias.name for alias in node.names)
        beyond = node.level > len(self._package)
        base = self._package[: len(self._package) - node.level + 1] if node.level else []
        yield Import(".".join([*base, *([node.module] if node.module else [])]), names, node.lineno, beyond=beyond)

    def _if(self, node: ast.If, when: str, unless: tuple[int, ...]) -> None:
        holds = conditions.holds(node.test, self._target)
        condition = when if holds is not None or self._chooses_name(node.test) else weaker(when, PERHAPS)
        if holds is not False:
            self.read(node.body, condition, unless)
        if holds is not True:
            self.read(node.orelse, condition, unless)

    def _try(self, node: ast.Try, when: str, unless: tuple[int, ...]) -> None:
        catching = [handler for handler in node.handlers if _catches_import_error(handler.type)]
        inside = when
        if catching:
            raises = all(isinstance(handler.body[-1], ast.Raise) for handler in catching)
            inside = weaker(when, PERHAPS if raises else CAUGHT)
        first = len(self.imports)
        self.read(node.body, inside, unless)
        body = tuple(range(first, len(self.imports)))
        for handler in node.handlers:
            self.read(handler.body, weaker(when, PERHAPS), body if handler in catching else unless)
        self.read(node.orelse, weaker(when, PERHAPS) if catching else when, unless)
        self.read(node.finalbody, when, unless)

    def _chooses_name(self, test: ast.expr) -> bool:
        names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
        return bool(self.parameter) and names == {self.parameter}


def _grammar(target: Target) -> tuple[int, int] | None:
    """Of a newer Python, the target's features alone: it parses nothing that the target certainly lacks."""
    return target.python if target.python < sys.version_info[:2] else None


def _inner_statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements right below one, also those in the cases of a `match`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, _BLOCKS):
            yield from _inner_statements(child)


def _package_of(name: str) -> list[str]:
    """The package of a file, to which its relative imports belong."""
    return name.split("/")[:-1]


def _of_context(node: ast.With | ast.AsyncWith) -> str:
    """When the body's imports run, and count: a context manager may suppress their failure."""
    found = ALWAYS
    for item in node.items:
        manager = item.context_expr
        called = last_name(manager.func) if isinstance(manager, ast.Call) else ""
        if called == "suppress" and isinstance(manager, ast.Call):
            found = weaker(found, CAUGHT if any(map(_catches_import_error, manager.args)) else ALWAYS)
        elif called not in _DOES_NOT_SUPPRESS:
            found = weaker(found, PERHAPS)
    return found


def _catches_import_error(caught: ast.expr | None) -> bool:
    """Whether an `except` catches a failed import, or may: it may name anything but a known other exception."""
    if caught is None:
        return True
    if isinstance(caught, ast.Tuple):
        return any(_catches_import_error(each) for each in caught.elts)
    known = getattr(builtins, dotted(caught), None)
    if not isinstance(known, type) or not issubclass(known, BaseException):
        return True
    return issubclass(known, ImportError) or issubclass(ImportError, known)


def _set_elsewhere(nodes: Iterable[ast.AST]) -> Iterator[str]:
    imported: set[str] = set()
    targets: list[ast.expr] = []
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and last_name(node.value) != "self":
            yield node.attr
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            imported.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Call) and last_name(node.func) == "setattr" and node.args:
            targets.append(node.args[0])
    for target in targets:
        named = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
        if named & (imported | {"globals"}):
            yield "*"


def _is_of_sys(node: ast.AST, parts: Iterable[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in parts and last_name(node.value).strip("_") == "sys"


def _takes_from_sys(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "sys"
        and any(alias.name in _IMPORT_SYSTEM for alias in node.names)
    )


def _writes_names(tree: ast.Module, nodes: Iterable[ast.AST]) -> bool:
    """Whether it may define names that are not written: by `globals()`, `exec`, or `locals()` of the module."""
    called = {*map(_called, nodes)}
    return bool(called & {"globals", "exec"}) or (
        bool(called & {"locals", "vars"}) and bool({*map(_called, _of_module(tree))} & {"locals", "vars"})
    )


def _of_module(tree: ast.Module) -> list[ast.AST]:
    """The nodes that are not within a function or class, and the functions and classes."""
    found: list[ast.AST] = [tree]
    for node in found:
        if not isinstance(node, _SCOPES):
            found += ast.iter_child_nodes(node)
    return found


def _called(node: ast.AST) -> str:
    """The function that a node calls, where it is `exec`, or calls for a namespace: without arguments."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return ""
    return node.func.id if not node.args or node.func.id == "exec" else ""


def _changes_search(nodes: Sequence[ast.AST]) -> bool:
    """Whether it may change `sys.path` or its kind: it uses them in another way than to look into them."""
    used = {id(node) for node in nodes if _is_of_sys(node, _IMPORT_SYSTEM)}
    if not used:
        return any(map(_takes_from_sys, nodes))
    for node in nodes:
        if isinstance(node, ast.Compare):
            used.difference_update(map(id, node.comparators))
        elif isinstance(node, (ast.For, ast.comprehension)):
            used.discard(id(node.iter))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            used.discard(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKS_ONLY:
            used.discard(id(node.func.value))
    return bool(used) or any(map(_takes_from_sys, nodes))


def _names(tree: ast.Module, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements give to their module, also those inside `if`, `try` or `with`."""
    for node in nodes:
        if isinstance(node, ast.Global):
            yield from node.names
    for node in _of_module(tree):
        if isinstance(node, _SCOPES):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, _CAPTURES):
            named = getattr(node, "name", None) or getattr(node, "rest", None)
            yield from [named] if isinstance(named, str) else []


def main() -> int:
    """Answer a line of JSON for each on standard input, the first of which is the target."""
    lines = iter(sys.stdin)
    version, platform = json.loads(next(lines))
    for line in lines:
        name, source = json.loads(line)
        facts = facts_of(source.encode("latin-1"), name, Target(tuple(version), platform))
        print(json.dumps(as_plain(facts)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
