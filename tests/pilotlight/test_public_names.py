"""The names that `from pilotlight import …` gives: loaded on first use, and never the name of a module."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import pilotlight


@pytest.mark.parametrize("name", pilotlight.__all__)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    assert getattr(pilotlight, name).__name__ == name


def test_no_public_name_is_the_name_of_a_module() -> None:
    """`import pilotlight.x` would replace the name by the module."""
    assert {module.name for module in pkgutil.iter_modules(pilotlight.__path__)} & set(pilotlight.__all__) == set()


def test_an_unknown_name_raises_the_error_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'pilotlight' has no attribute 'nothing'"):
        pilotlight.nothing  # noqa: B018 (reading it is the test)


def test_only_the_modules_of_imported_names_are_loaded() -> None:
    code = (
        "import sys, pilotlight\nfirst = sorted(m for m in sys.modules if m.startswith('pilotlight'))\n"
        "from pilotlight import Routes\nprint(first, sorted(m for m in sys.modules if m.startswith('pilotlight')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "['pilotlight'] ['pilotlight', 'pilotlight.proxy', 'pilotlight.routing']"
