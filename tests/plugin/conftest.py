"""The plugin as `npm pack` makes it, installed outside the checkout."""

from pathlib import Path

import pytest

from tests.support.foreign import Foreign, pack, unpack


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm publish` would upload."""
    return pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture
def foreign(tarball: Path, tmp_path: Path) -> Foreign:
    """A folder with nothing but the plugin in it."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    unpack(tarball, folder / "node_modules")
    return Foreign(folder)
