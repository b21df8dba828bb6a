"""A small fixed set of the events that `npm run fuzz` makes up: see tests/fuzz.py for what must hold."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.fuzz import fuzz


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    logger = logging.getLogger("pilotlight")
    before = logger.level
    yield
    logger.setLevel(before)


def test_whatever_invokes_the_function_the_rules_hold() -> None:
    counted = fuzz(400, fixed=True)
    assert counted.keys() >= {"requests", "refused"}
