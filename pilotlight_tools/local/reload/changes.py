"""What a changed file means: new code, a new configuration, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pilotlight_tools.local.reload.builds import Builds, may_match

_CONFIGURATION_SUFFIXES = frozenset((".yml", ".yaml", ".json", ".js", ".cjs", ".mjs", ".ts"))


class Changes:
    """Sorts changed files of `project` as it is deployed: by its `configuration`, `builds` and `packaged` files."""

    def __init__(
        self, project: Path, configuration: Mapping[str, Any], builds: Builds | None, packaged: Iterable[str]
    ) -> None:
        self._builds = builds
        self._packaged = frozenset(packaged)
        self._patterns = [*_patterns(configuration)]
        files = (file for file in project.glob("serverless.*") if file.is_file())
        self._text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def configuration(self, paths: Iterable[str]) -> set[str]:
        """Those that serverless.yml is read from: itself, and what it names."""
        return {path for path in paths if self._is_configuration(PurePosixPath(path))}

    def code(self, paths: Iterable[str]) -> set[str]:
        """Those that are, or may be, in a package; and what is installed into it."""
        return {path for path in paths if self._is_code(path)}

    def _is_configuration(self, path: PurePosixPath) -> bool:
        if len(path.parts) == 1 and (path.name.startswith("serverless.") or path.name.startswith(".env")):
            return True
        if path.suffix not in _CONFIGURATION_SUFFIXES or self._is_code(str(path)):
            return False
        top = path.name if len(path.parts) == 1 else f"{path.parts[0]}/"
        return top in self._text and not path.name.startswith("package")

    def _is_code(self, path: str) -> bool:
        if PurePosixPath(path).suffix == ".txt" and "requirements" in path:
            return True
        if path.endswith(".py"):  # also one of a library that the requirements name by its folder
            return not path.startswith("tests/") or path in self._packaged or self._is_by_pattern(path)
        return path in self._packaged or self._is_by_pattern(path)

    def _is_by_pattern(self, path: str) -> bool:
        if self._builds is not None:
            return self._builds.may_hold(path)
        return any(may_match(path, pattern) for pattern in self._patterns)


def _patterns(configuration: Mapping[str, Any]) -> Iterable[str]:
    for each in (configuration, *(configuration.get("functions") or {}).values()):
        for pattern in ((each or {}).get("package") or {}).get("patterns") or ():
            if not pattern.startswith("!"):
                yield pattern
