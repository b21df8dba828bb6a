"""A line of the access log: each variable as "Variables for access logging for API Gateway" describes it."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

from pilotlight_tools.local.access_log_line import Format, Stage, variables
from pilotlight_tools.local.exchange import Exchange
from tests.support.project import PROJECT

STAGE = Stage("a1b2c3", "local", "a1b2c3.execute-api.localhost:4566")
INVOCATION, GATEWAY = "33ebbf12-898f-4462-92ce-74054cfd9239", "e21d5914-d1e1-4e48-8826-8c968a40276a"
TRACE = "1-6b0e1056-d9ffa7cc2ac49302226c6067"
ANSWERED = Exchange(
    1_796_083_798.3239,
    1_796_083_798.5271,
    "GET",
    "http://127.0.0.1:3000/items/a%20b?x=1",
    201,
    INVOCATION,
    client_ip="127.0.0.1",
    user_agent="curl/8",
    response_bytes=88,
    context={
        "requestId": GATEWAY,
        "integration.requestId": INVOCATION,
        "integration.status": "201",
        "integrationStatus": "200",
        "integrationLatency": "200",
        "resourceId": "r1",
        "resourcePath": "/items/{id}",
        "xrayTraceId": TRACE,
    },
)
REFUSED = replace(
    ANSWERED,
    status=429,
    context={
        "requestId": GATEWAY,
        "resourcePath": "/items/{id}",
        "xrayTraceId": TRACE,
        "error.responseType": "THROTTLED",
        "error.message": 'Too "Many" Requests',
    },
)


def line(text: str, exchange: Exchange = ANSWERED, stage: Stage = STAGE) -> str:
    return Format(text, stage).line(exchange)


def test_each_variable_has_the_value_that_its_description_says() -> None:
    assert variables(ANSWERED, STAGE) == {
        "accountId": "000000000000",
        "apiId": "a1b2c3",
        "awsEndpointRequestId": INVOCATION,
        "domainName": "a1b2c3.execute-api.localhost:4566",
        "domainPrefix": "a1b2c3",
        "extendedRequestId": GATEWAY,
        "httpMethod": "GET",
        "identity.sourceIp": "127.0.0.1",
        "identity.userAgent": "curl/8",
        "integration.integrationStatus": "200",  # Lambda's, not the function's
        "integration.latency": "200",  # milliseconds
        "integration.requestId": INVOCATION,
        "integration.status": "201",  # the function's
        "integrationLatency": "200",
        "integrationStatus": "200",
        "path": "/local/items/a%20b",  # with the stage, without the query
        "protocol": "HTTP/1.1",
        "requestId": GATEWAY,
        "requestTime": "01/Dec/2026:00:09:58 +0000",  # as in the Common Log Format
        "requestTimeEpoch": "1796083798323",  # milliseconds
        "resourceId": "r1",
        "resourcePath": "/items/{id}",
        "responseLatency": "203",  # milliseconds
        "responseLength": "88",
        "stage": "local",
        "status": "201",
        "xrayTraceId": TRACE,
    }


def test_what_has_no_value_is_a_dash() -> None:
    text = "$context.authorizer.principalId $context.error.responseType $context.error.messageString $context.unheard"
    assert line(text) == "- - - -"
    assert line("$context.integration.requestId $context.integrationLatency", REFUSED) == "- -"


def test_an_error_of_api_gateway_has_its_type_and_its_message_with_quotes_or_without() -> None:
    assert line("$context.error.responseType: $context.error.messageString", REFUSED) == (
        r'THROTTLED: "Too \"Many\" Requests"'
    )
    assert line('"$context.error.message"', REFUSED) == r'"Too \"Many\" Requests"'


def test_quotes_and_backslashes_of_a_client_leave_json_what_it_is() -> None:
    agent = 'a "quoted" \\ agent \t é'
    written = line('{"agent":"$context.identity.userAgent"}', replace(ANSWERED, user_agent=agent))
    assert json.loads(written) == {"agent": agent}


def test_a_format_that_is_no_json_is_kept_as_it_is() -> None:
    common = '$context.identity.sourceIp - [$context.requestTime] "$context.httpMethod $context.path" $context.status.'
    assert line(common) == '127.0.0.1 - [01/Dec/2026:00:09:58 +0000] "GET /local/items/a%20b" 201.'
    assert line("<a>$context.status</a>\n") == "<a>201</a>"


def test_a_stage_that_is_not_traced_has_no_trace_id() -> None:
    assert line("$context.xrayTraceId", stage=replace(STAGE, is_traced=False)) == "-"


def test_the_projects_own_format_gives_json_for_responses_and_errors() -> None:
    script = "process.stdout.write(require('./infra/access-log.cjs').format)"
    text = subprocess.run(["node", "-e", script], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    answered, refused = json.loads(line(text)), json.loads(line(text, REFUSED))
    assert (answered["integrationRequestId"], answered["errorType"], answered["latencyMs"]) == (INVOCATION, "-", "203")
    assert (refused["integrationRequestId"], refused["errorType"]) == ("-", "THROTTLED")
    assert refused["error"] == 'Too "Many" Requests'
    unknown = set(re.findall(r"\$context\.([A-Za-z.]+)", text)) - {*variables(ANSWERED, STAGE), *REFUSED.context}
    assert unknown == set(), "the local stack knows each variable of the project's format"
