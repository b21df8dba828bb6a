"""A reply is read whole or not at all: a reply with a wrong type never counts as a warm environment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotlight.environment import ExecutionEnvironment
from pilotlight.ping import KEY, Ping, reply
from pilotlight.tracing import Tracer
from pilotlight.warming.replies import by_environment, read_reply
from tests.support.events import NOTHING, Context
from tests.support.replies import ping_reply

NEEDED = {"ping": "a1", "index": 0, "environment": "e1", "start": "warm"}


def test_the_reply_of_an_environment_is_read_as_it_was_given() -> None:
    given = reply(Ping("a1", 0, 1, 0.0), Tracer(ExecutionEnvironment()), Context(), NOTHING)
    assert read_reply(json.loads(json.dumps(given)), "a1") == given[KEY]


def test_what_is_not_needed_has_defaults_and_unknown_keys_are_left_out() -> None:
    """Two releases run side by side during every deployment."""
    read = read_reply({KEY: {**NEEDED, "of_tomorrow": {"nested": []}}}, "a1")
    assert read is not None
    assert {name: value for name, value in read.items() if name in NEEDED} == NEEDED
    assert read.keys() == ping_reply("e1").keys()
    assert (read["served"], read["held_ms"], read["landed_at"], read["initialization"]) == (0, 0.0, None, "on-demand")
    assert (read["version"], read["build"]) == ("", "")


@pytest.mark.parametrize("missing", NEEDED)
def test_a_reply_without_a_needed_key_is_none(missing: str) -> None:
    body = {name: value for name, value in ping_reply("e1").items() if name != missing}
    assert read_reply({KEY: body}, "a1") is None


@pytest.mark.parametrize(
    "change",
    [
        {"ping": "another"},
        {"environment": ["e1"]},
        {"environment": ""},
        {"start": "lukewarm"},
        {"start": {}},
        {"index": True},
        {"served": "3"},
        {"served": -1},
        {"held_ms": float("nan")},
        {"held_ms": float("inf")},
        {"held_ms": None},
        {"billed_ms": 1.5},
        {"landed_at": "now"},
        {"init_ms": [212.5]},
        {"pings_before": "4"},
        {"made_by": {"__type": 5}},
        {"initialization": None},
        {"version": 1},
        {"build": None},
        {"build": "x" * 257},
    ],
)
def test_a_key_of_a_wrong_type_makes_it_none(change: dict[str, Any]) -> None:
    assert read_reply({KEY: {**ping_reply("e1"), **change}}, "a1") is None


@pytest.mark.parametrize("payload", [None, [], "warmed", 7, {}, {KEY: None}, {KEY: []}, {"statusCode": 400}])
def test_another_payload_is_none(payload: object) -> None:
    assert read_reply(payload, "a1") is None


def test_an_environment_counts_once_and_what_it_served_is_added_up() -> None:
    replies = [ping_reply("e1", served=2), ping_reply("e2"), ping_reply("e1", served=1)]
    found = by_environment(replies)
    assert {name: each["served"] for name, each in found.items()} == {"e1": 3, "e2": 0}
    assert [each["served"] for each in replies] == [2, 0, 1]
