"""A Lambda API that fails as a test tells it to, and ticks against it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.faulty_api import FaultyApi, faulty_api
from tests.support.ticks import Ticks, ticks_against


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    with faulty_api() as serving:
        yield serving


@pytest.fixture
def tick(api: FaultyApi, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    return ticks_against(api, monkeypatch)
