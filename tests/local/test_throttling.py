"""A 429 of API Gateway's own says which limit it met; one of a function does not."""

from __future__ import annotations

import pytest

from pilotlight_tools.local.exchange import Exchange
from pilotlight_tools.local.pair import Pair
from pilotlight_tools.local.throttling import Throttling, limits_of
from tests.conftest import Deployed
from tests.support.xray_records import RecordMaker


def exchange(status: int, **context: str) -> Exchange:
    named = {name.replace("_", "."): value for name, value in context.items()}
    return Exchange(1.0, 2.0, "GET", "http://h/hello", status, "id", context=named)


def test_only_what_no_function_answered_is_said() -> None:
    said: list[str] = []
    throttling = Throttling("100 a second", said.append)
    record = RecordMaker().request(1.0, status=429)
    for pair in (
        Pair(exchange(429, integrationStatus="200"), record),
        Pair(exchange(429, integrationStatus="200"), None),  # a function without records
        Pair(None, record),
        Pair(exchange(502, error_responseType="INTEGRATION_FAILURE"), None),
        Pair(exchange(200), None),
    ):
        throttling(pair)
    assert said == []
    throttling(Pair(exchange(429, error_responseType="THROTTLED"), None))
    assert said == ["API Gateway answered 429, as on AWS: 100 a second"]


def test_what_lambda_refused_is_said_with_what_aws_does() -> None:
    """The engine passes Lambda's 429 on; "Handling Lambda errors with an API Gateway API" says that AWS answers 500."""
    said: list[str] = []
    throttling = Throttling("100 a second", said.append)
    throttling(Pair(exchange(429, error_responseType="INTEGRATION_FAILURE", integrationStatus="429"), None))
    assert len(said) == 1
    assert said[0].startswith("Lambda refused an invocation")
    assert "on AWS API Gateway answers this with 500" in said[0]


@pytest.mark.end_to_end
@pytest.mark.xdist_group("stack")
def test_the_limits_are_those_of_the_deployed_stage(deployed: Deployed) -> None:
    stage = deployed.service.stage
    assert limits_of(stage.connection, stage.api_id, stage.name) == (
        "stage local lets 100 requests a second pass to each method, 200 at once (see serverless.yml)"
    )
    assert limits_of(stage.connection, "unknown", stage.name) == "the limit of a usage plan, or of a method"
