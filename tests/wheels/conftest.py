"""The wheels of this checkout, built once for each process that runs tests."""

from __future__ import annotations

import pytest

from tests.support.wheels import Wheels


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """The built files."""
    return Wheels.built_in(tmp_path_factory.mktemp("wheels"))
