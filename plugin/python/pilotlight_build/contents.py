"""What is in the package, and what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Contents:
    """The package's files by their paths in it. `left_out`: dependencies' files, and the pattern that removes each."""

    root: Path
    own: Mapping[str, bytes]
    installed: Mapping[str, bytes]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def pattern_against(self, path: str) -> str | None:
        """The pattern that removes a module, by its path without a suffix, from the dependencies."""
        found = (each for name, each in self.left_out.items() if name == f"{path}.py" or name.startswith(f"{path}/"))
        return next(found, None)

    def pattern_for(self, path: str) -> str | None:
        """The pattern that would add a module of the service's folder, by its path without a suffix."""
        if (self.root / f"{path}.py").is_file():
            return f"{path}.py"
        folder = self.root / path
        return f"{path}/**" if folder.is_dir() and any(folder.rglob("*.py")) else None
