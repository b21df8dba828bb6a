"""What to do about a module that the package lacks, in words."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pilotlight_build.contents import Contents
from pilotlight_build.modules import Modules, Place, is_of_some_standard_library
from pilotlight_build.source_facts import Facts


def missing_handler(file: str, module: str, places: Sequence[Place], contents: Contents) -> str:
    """The error for a handler whose module is nowhere; `places` lead to it as far as there are any."""
    path = module.replace(".", "/")
    if pattern := contents.pattern_against(path):
        why = f"{pattern!r} of package.patterns leaves it out: remove that pattern."
    elif (contents.root / file).exists():
        why = f"package.patterns leaves it out: add {file!r}."
    elif (contents.root / path / "__init__.py").exists():
        why = f"package.patterns leaves it out: add '{path}/**'."
    elif len(places) == module.count(".") + 1:
        why = f"{path}/ is a folder without `__init__.py`."
    else:
        why = "there is no such file."
    return f"serverless.yml has a function whose handler is in {file}, but {why}"


def missing_module(module: str, places: Sequence[Place], contents: Contents, modules: Modules) -> str:
    """What is wrong with a module that is nowhere, and the way out; `places` lead to it as far as there are any."""
    parts = module.split(".")[: len(places) + 1]
    folders = places[-1].folders if places else ("",)
    if not folders:
        return f"is not in the package: {places[-1].module} is a module, not a package."
    for path in (f"{folder}/{parts[-1]}".lstrip("/") for folder in folders):
        if pattern := contents.pattern_against(path):
            return f"{pattern!r} of package.patterns leaves out of the package: remove that pattern, or the import."
        if pattern := contents.pattern_for(path):
            return f"the package leaves out: add {pattern!r} to package.patterns in serverless.yml."
    if places:
        near = difflib.get_close_matches(parts[-1], set(modules.near(folders)), n=1)
        hint = f"; did you mean {'.'.join([*parts[:-1], near[0]])}?" if near else "."
        return f"is not in the package: there is no {folders[0]}/{parts[-1]}.py{hint}"
    return _nowhere(module, modules)


def missing_name(name: str, place: Place, facts: Facts, contents: Contents, modules: Modules) -> str:
    """What is wrong with a name that an import takes from a module, and the way out."""
    for folder in place.folders:
        path = f"{folder}/{name}".lstrip("/")
        if pattern := contents.pattern_against(path):
            return f"has no {name}: {pattern!r} of package.patterns leaves it out. Remove that pattern, or the import."
        if pattern := contents.pattern_for(path):
            return f"has no {name} in the package: add {pattern!r} to package.patterns in serverless.yml."
    known = {*(facts.names or ()), *modules.near(place.folders)}
    near = difflib.get_close_matches(name, known, n=1)
    lacks = f"{place.file} does not define it, and " if place.file else ""
    return f"has no {name}: {lacks}there is no such module{f'; did you mean {near[0]}?' if near else '.'}"


def _nowhere(module: str, modules: Modules) -> str:
    top = module.partition(".")[0]
    if is_of_some_standard_library(top):
        return "the deployed Python's standard library does not have."
    here = [folder for folder in modules.elsewhere(top) if "." not in folder]
    if here:
        return (
            f"is in {here[0]}/ of the package, and Lambda looks for modules at its top: write "
            f"`{here[0].replace('/', '.')}.{module}`, or set PYTHONPATH to /var/task/{here[0]} in the function's "
            f"environment."
        )
    return (
        f"is neither a module of this project nor in its requirements: add its package to them and lock them again, or "
        f"{top}'s file to the project and to package.patterns. If a layer has it, write `provided: [{top}]` under "
        f"custom.pilotlight."
    )
