"""Check that the functions' imports find their modules in the package: an error here beats a 502 on Lambda."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pilotlight_build.bytecode import PackagingError, Python
from pilotlight_build.conditions import Target
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.handlers import entry_module, module_of, wrong_name
from pilotlight_build.modules import Modules, Place, standard_library
from pilotlight_build.remedies import missing_handler, missing_module, missing_name
from pilotlight_build.runtime_modules import RUNTIME_MODULES
from pilotlight_build.source_facts import ALWAYS, CAUGHT, PERHAPS, Facts, Import, weaker
from pilotlight_build.sources import Sources
from pilotlight_build.stored import Layered

_MOST_TOLD = 10
_MAY_BE_ON_LAMBDA = frozenset({"pip", "pkg_resources", "setuptools"})
"""Some of Lambda's images have them, and no page promises it."""
_SETS_BY_MODULE = re.compile(rb"setattr\(\s*\w*\.?modules\b")
"""Gives a name to any module: decorators do so to the module of what they decorate."""
_EVERY_MODULE_HAS = re.compile(r"__\w+__")


def check(
    contents: Contents, handlers: Sequence[str], target: Target, python: Python | None, elsewhere: Elsewhere
) -> list[str]:
    """Follow the imports of the handlers' modules; raise `PackagingError` for what is certain to fail.

    Certain is what runs whenever a handler is loaded, and is neither in the package nor in the runtime nor `elsewhere`.
    Returns a notice for each module that is missing where an import may never run, such as in a function or below an
    `if`. Where the import says that it may fail (`try … except ImportError`, `contextlib.suppress`), nothing is said.
    `python` is the target's interpreter, if this machine has it.
    """
    files = Layered(contents.own, contents.installed)
    modules = Modules([*files, *elsewhere.files()], [*elsewhere.roots(target.python), *_roots_of_pth(files)])
    errors: list[str] = []
    notices: dict[str, str] = {}
    with Sources(files, target, python) as sources:
        for is_layered in (False, True):
            known = _Known(contents, modules, sources, elsewhere, is_layered or not elsewhere.is_known)
            walk = _Walk(known, target)
            for handler in handlers:
                if (handler in elsewhere.layered) == is_layered:
                    walk.enter(handler)
            walk.follow()
            errors += walk.errors()
            notices = {**walk.notices(), **notices}
        unread = {name: why for name, why in sources.unreadable.items() if name in contents.own}
        notices |= {name: _unread(name, why, target) for name, why in unread.items()}
    if errors:
        raise PackagingError("\n".join(list(dict.fromkeys(errors))[:_MOST_TOLD]))
    return list(notices.values())


@dataclass(frozen=True)
class _Known:
    """All that is known of where modules are. `is_layered`: for these handlers, a layer may have anything."""

    contents: Contents
    modules: Modules
    sources: Sources
    elsewhere: Elsewhere
    is_layered: bool


@dataclass(frozen=True)
class _Missing:
    """What is in nothing that is shipped, in words. `is_searched`: another folder might have it."""

    subject: str
    text: str
    when: str
    is_searched: bool = False


class _Walk:
    """From handlers through the own files that they load, the most certain first."""

    def __init__(self, known: _Known, target: Target) -> None:
        self._known = known
        self._modules = known.modules
        self._sources = known.sources
        self._todo: dict[str, list[str]] = {ALWAYS: [], PERHAPS: [], CAUGHT: []}
        self._reached: dict[str, str] = {}
        self._found: list[_Missing] = []
        self._standard = standard_library(target.python)
        if "distutils-precedence.pth" in known.sources.files:
            self._standard |= {"distutils"}  # setuptools brings it

    def enter(self, handler: str) -> None:
        """Look for the module of a handler, to be followed, and check the handler's name."""
        try:
            module = module_of(handler)
        except PackagingError as error:
            self._found.append(_Missing(handler, str(error), ALWAYS))
            return
        places = self._modules.path_to(module)
        self._load(places, ALWAYS)
        file = places[-1].file if places else None
        if len(places) == module.count(".") + 1 and file:
            wrong = wrong_name(handler, file, self._sources.facts(file))
        elif self._may_be_elsewhere(module, places):
            wrong = None
        else:
            wrong = missing_handler(entry_module(handler), module, places, self._known.contents)
        if wrong:
            self._found.append(_Missing(handler, wrong, ALWAYS, self._is_searched(places)))

    def follow(self) -> None:
        """Follow the imports of all that the handlers load."""
        while when := next((when for when, files in self._todo.items() if files), None):
            file = self._todo[when].pop()
            if self._reached[file] == when:
                self._follow(file, when)

    def errors(self) -> list[str]:
        """What is certain to fail."""
        return [each.text for each in self._found if self._is_error(each)]

    def notices(self) -> dict[str, str]:
        """A notice for each module that is missing where that may never matter."""
        found: dict[str, str] = {}
        for each in self._found:
            if each.when != CAUGHT and not self._is_error(each):
                ever = "If it ever runs" if each.when == PERHAPS else self._unless()
                found.setdefault(each.subject, f"{ever}: {each.text}")
        return found

    def _is_error(self, found: _Missing) -> bool:
        return found.when == ALWAYS and not (found.is_searched and self._unless())

    def _unless(self) -> str:
        """Why a module that is not found may be found after all, empty where nothing may."""
        if self._known.is_layered:
            return "Unless a layer has it"
        files = self._sources.files
        if any(self._sources.facts(file).changes_search for file in self._reached if file in files):
            return "Unless it is where sys.path leads to"
        return "Unless a .pth file leads to it" if _has_code_in_pth(files) else ""

    def _follow(self, file: str, when: str) -> None:
        facts = self._sources.facts(file)
        if facts.error:
            line, message = facts.error
            self._found.append(_Missing(file, f"{file}, line {line}: {message}", when))
        failed: set[int] = set()
        for index, each in enumerate(facts.imports):
            if each.unless and not failed.intersection(each.unless):
                continue  # what it stands in for is there
            if not self._import(file, each, weaker(when, each.when)):
                failed.add(index)

    def _import(self, file: str, found: Import, when: str) -> bool:
        """Follow one import. Returns whether the package has what it needs."""
        if found.beyond:
            self._tell(file, found, when, "is relative, and the file is in no package: write it without the dot.")
            return False
        places = self._modules.path_to(found.module)
        top = found.module.partition(".")[0]
        if top in self._standard and not (places and places[0].file):
            return True
        self._load(places, weaker(when, PERHAPS) if top in self._standard else when)
        if len(places) <= found.module.count("."):
            if top in self._standard or self._may_be_elsewhere(found.module, places):
                return True
            text = missing_module(found.module, places, self._known.contents, self._modules)
            self._tell(file, found, when, text, self._is_searched(places))
            return False
        missing = [name for name in found.names if not self._take(name, places[-1], file, found, when)]
        return not missing

    def _take(self, name: str, place: Place, file: str, found: Import, when: str) -> bool:
        """Follow one name that is imported from a module. Returns whether it may be there."""
        below = self._modules.path_to(f"{place.module}.{name}")
        is_module = len(below) > place.module.count(".") + 1
        facts = self._facts_for(name, place)
        for each in facts.on_demand:
            if name in each.names and place.file:
                self._import(place.file, each, weaker(when, each.when))
        has_name = facts.names is None or name in facts.names
        if is_module and not (facts.names and name in facts.names):
            self._load(below, weaker(when, PERHAPS) if has_name else when)
        if has_name or is_module or name == "*" or _EVERY_MODULE_HAS.fullmatch(name):
            return True
        if self._known.elsewhere.provides(f"{place.module}.{name}") or self._is_set_from_outside(name, place):
            return True
        text = missing_name(name, place, facts, self._known.contents, self._modules)
        self._tell(file, found, when, text, is_searched=place.file is None)
        return False

    def _facts_for(self, name: str, place: Place) -> Facts:
        """What is known of a module's names. One of an installed module that its source mentions may be one of them."""
        if place.file is None:
            return Facts(names=frozenset())  # a namespace package has modules alone
        source = self._known.contents.installed.get(place.file, b"")
        is_installed = place.file not in self._known.contents.own
        return Facts() if is_installed and name.encode() in source else self._sources.facts(place.file)

    def _is_set_from_outside(self, name: str, place: Place) -> bool:
        """Whether code may give a module the name: own code that is loaded, or its own, or any of its package."""
        own, installed = self._known.contents.own, self._known.contents.installed
        for file in (*(file for file in self._reached if file in own), *filter(None, [place.file])):
            if self._sources.facts(file).sets & {name, "*"}:
                return True
        package = f"{place.module.partition('.')[0]}/"
        return place.file in installed and any(
            _SETS_BY_MODULE.search(installed[file]) for file in installed if file.startswith(package)
        )

    def _load(self, places: Sequence[Place], when: str) -> None:
        for file in (place.file for place in places):
            if file is None:
                continue
            before = self._reached.get(file)
            now = when if before is None or weaker(before, when) == before else before
            self._reached[file] = now
            if file in self._known.contents.own and now != before:
                self._todo[now].append(file)

    def _may_be_elsewhere(self, module: str, places: Sequence[Place]) -> bool:
        """Whether the runtime or a layer has a module, or the package above it may find it by other means."""
        if module.partition(".")[0] in RUNTIME_MODULES or self._known.elsewhere.provides(module):
            return True
        above = places[-1].file if places else None
        if above is None:
            return bool(self._modules.elsewhere(module.replace(".", "/")) and self._unless())
        return self._sources.facts(above).is_open

    def _is_searched(self, places: Sequence[Place]) -> bool:
        return not places or places[-1].file is None

    def _tell(self, file: str, found: Import, when: str, why: str, is_searched: bool = False) -> None:
        subject = found.module or ", ".join(found.names)
        is_searched = is_searched or subject.partition(".")[0] in _MAY_BE_ON_LAMBDA
        text = f"{file}, line {found.line} imports {subject}, which {why}"
        self._found.append(_Missing(subject, text, when, is_searched))


def _unread(name: str, why: str, target: Target) -> str:
    version = ".".join(map(str, target.python))
    return (
        f"{name} could not be checked ({why}): this Python may be too old for it, and Python {version}, which is "
        "deployed, is not on this machine."
    )


def _lines_of_pth(files: Mapping[str, bytes]) -> Iterator[str]:
    for name in files:
        if name.endswith(".pth") and "/" not in name and not name.startswith("distutils-precedence"):
            yield from (line.strip() for line in files[name].decode(errors="replace").splitlines() if line.strip())


def _roots_of_pth(files: Mapping[str, bytes]) -> list[str]:
    """The folders that .pth files add: Lambda reads those at the package's top."""
    return [line.rstrip("/") for line in _lines_of_pth(files) if not line.startswith(("import ", "import\t", "#", "/"))]


def _has_code_in_pth(files: Mapping[str, bytes]) -> bool:
    return any(line.startswith(("import ", "import\t")) for line in _lines_of_pth(files))
