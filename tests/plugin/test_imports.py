"""An import stops the packaging where it is certain to fail; where it may never run, a notice says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.imports import check


def checked(tmp_path: Path, source: str, known: tuple[str, ...] = ("boto3",), **others: str) -> list[str]:
    own = {"handler.py": source.encode(), **{name.replace("__", "/"): text.encode() for name, text in others.items()}}
    own = {name if name.endswith(".py") else f"{name}.py": text for name, text in own.items()}
    return check(tmp_path, own, ["handler.py"], known)


CERTAIN = [
    "import nowhere",
    "from nowhere import thing",
    "class Orders:\n    import nowhere",
    "with open('a') as file:\n    import nowhere",
    "try:\n    import nowhere\nfinally:\n    pass",
    "try:\n    import nowhere\nexcept ValueError:\n    pass",
    "if __name__ == '__main__':\n    pass\nelse:\n    import nowhere",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import nowhere",
]
MAY_NEVER_RUN = [
    "def later():\n    import nowhere",
    "class Orders:\n    def later(self):\n        import nowhere",
    "import os\nif os.environ.get('DEBUG'):\n    import nowhere",
    "import sys\nif sys.version_info < (3, 11):\n    import nowhere",
    "for _ in ():\n    import nowhere",
    "while False:\n    import nowhere",
    "try:\n    import json\nexcept ImportError:\n    import nowhere",
    "match 1:\n    case 2:\n        import nowhere",
]
MAY_FAIL = [
    "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None",
    "try:\n    import nowhere\nexcept Exception:\n    pass",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere",
    "if __name__ == '__main__':\n    import nowhere",
    "import typing\nif typing.TYPE_CHECKING:\n    import nowhere",
]


@pytest.mark.parametrize("source", CERTAIN)
def test_what_is_certain_to_fail_stops_the_packaging(tmp_path: Path, source: str) -> None:
    with pytest.raises(PackagingError, match=r"handler\.py, line \d imports nowhere, which is neither.*provided"):
        checked(tmp_path, source)


@pytest.mark.parametrize("source", MAY_NEVER_RUN)
def test_what_may_never_run_is_a_notice(tmp_path: Path, source: str) -> None:
    (notice,) = checked(tmp_path, source)
    assert notice.startswith("If it ever runs: handler.py, line ")
    assert "imports nowhere" in notice


@pytest.mark.parametrize("source", MAY_FAIL)
def test_what_says_that_it_may_fail_is_silent(tmp_path: Path, source: str) -> None:
    assert checked(tmp_path, source) == []


@pytest.mark.parametrize("source", [*CERTAIN, *MAY_NEVER_RUN])
def test_what_a_layer_provides_is_not_missing(tmp_path: Path, source: str) -> None:
    assert checked(tmp_path, source, known=("nowhere",)) == []


def test_a_module_of_ones_own_is_certain_only_where_its_import_is(tmp_path: Path) -> None:
    missing = "import nowhere"
    (notice,) = checked(tmp_path, "def later():\n    import helper", helper=missing)
    assert "helper.py, line 1 imports nowhere" in notice
    with pytest.raises(PackagingError, match=r"helper\.py, line 1 imports nowhere"):
        checked(tmp_path, "def later():\n    import helper\nimport helper", helper=missing)


def test_each_missing_module_is_told_once(tmp_path: Path) -> None:
    assert len(checked(tmp_path, "def one():\n    import nowhere\ndef two():\n    import nowhere, elsewhere")) == 2
