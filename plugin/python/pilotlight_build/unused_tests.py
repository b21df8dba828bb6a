"""Folders of tests in installed packages that nothing outside them needs."""

import re
from collections.abc import Collection, Iterator, Mapping

_FOLDER = re.compile(r"(?:.+/)tests?(?=/)")
_IS_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
_FROM = re.compile(r"\bfrom\s+([.\w]+)\s+import\s+(\([^)]*\)|[^\n#]*)")
_IMPORT = re.compile(r"\bimport\s+([\w.]*\btests?\b[\w.]*)")
_NAMES_TESTS = re.compile(rb"\btests?\b")
_QUOTED = re.compile(r"[\"']([\w.]*\btests?)\b[\w./\\]*[\"']")


def unused_test_folders(names: Collection[str], sources: Mapping[str, bytes]) -> list[str]:
    """The folders called `test` or `tests` that have tests in them, and that no module outside them imports or names.

    What a folder that is needed imports is needed too.
    """
    unused = {found[0] for name in names if _IS_TEST.search(name) and (found := _FOLDER.search(name))}
    unused = {folder for folder in unused if not any(folder.startswith(f"{other}/") for other in unused)}
    tops = {folder.partition("/")[0] for folder in unused}
    todo = [name for name in sources if name.partition("/")[0] in tops and not _within(name, unused)]
    while todo:
        name = todo.pop()
        source = sources[name]
        if not _NAMES_TESTS.search(source):
            continue
        for folder in _folders_named_in(source.decode("utf-8", "replace"), name):
            needed = {each for each in unused if folder == each or folder.startswith(f"{each}/")}
            unused -= needed
            todo += [other for other in sources if _within(other, needed)]
    return sorted(unused)


def _within(name: str, folders: Collection[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def _folders_named_in(source: str, name: str) -> Iterator[str]:
    """The paths of modules that a module imports, and of what it has in quotes: `tests` beside it, or a dotted name."""
    package = name.split("/")[:-1]
    for found in _FROM.finditer(source):
        module = _absolute(found[1], package)
        yield module
        yield from (f"{module}/{each}" for each in re.findall(r"\w+", found[2]) if each in ("test", "tests"))
    for found in _IMPORT.finditer(source):
        yield found[1].replace(".", "/")
    for found in _QUOTED.finditer(source):
        yield found[1].replace(".", "/")
        yield "/".join([*package, found[1].lstrip(".").replace(".", "/")])


def _absolute(module: str, package: list[str]) -> str:
    level = len(module) - len(module.lstrip("."))
    base = package[: len(package) - level + 1] if level else []
    return "/".join([*base, *(part for part in module.lstrip(".").split(".") if part)])
