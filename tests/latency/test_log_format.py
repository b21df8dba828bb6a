"""The format of an access log is inverted, whatever its keys; one that lacks what a report needs is refused."""

import json
import re
import subprocess

import pytest

from pilotlight_tools.latency.log_format import LogFormat, UnreadableFormatError
from tests.support.access_logs import FORMAT, access_line
from tests.support.project import PROJECT

NEEDED = (
    '"s": "$context.status", "l": "$context.responseLatency", "i": "$context.integration.requestId", '
    '"e": "$context.error.responseType"'
)


def test_a_line_is_read_by_the_keys_of_its_format() -> None:
    _, message = access_line(
        1_700_000_000.5,
        ms=40,
        status=404,
        request_id="r",
        path="/p",
        trace_id="Root=1-65540000-0123456789abcdef01234567",
    )
    line = LogFormat(FORMAT).line(message)
    assert line is not None
    assert (line.at, line.status, line.response_ms, line.in_lambda_ms) == (1_700_000_000.5, 404, 40.0, 36.0)
    assert (line.request_id, line.has_request_id, line.error_type) == ("r", True, "")
    assert (line.method, line.resource, line.path) == ("GET", "/hello", "/p")
    assert line.trace_id == "1-65540000-0123456789abcdef01234567"


def test_what_api_gateway_does_not_know_is_a_dash() -> None:
    _, message = access_line(1.0, error="INTEGRATION_TIMEOUT")
    line = LogFormat(FORMAT).line(message)
    assert line is not None
    assert (line.request_id, line.has_request_id, line.in_lambda_ms, line.trace_id) == ("", True, None, None)
    assert line.error_type == "INTEGRATION_TIMEOUT"


def test_variables_may_stand_without_quotes() -> None:
    """A number is written as one, a missing one as a dash, which is no JSON."""
    made = LogFormat(
        f"{{{NEEDED.replace(chr(34) + '$context.status' + chr(34), '$context.status')}, "
        '"x":$context.integrationLatency,"m":$context.error.messageString}'
    )
    line = made.line('{"s": 200, "l": "7", "i": "r", "e": "-", "x":-,"m":"a: -, b"}')
    assert line is not None
    assert (line.status, line.response_ms, line.in_lambda_ms) == (200, 7.0, None)


def test_the_projects_own_format_is_read_whatever_else_it_holds() -> None:
    program = "process.stdout.write(require('./infra/access-log.cjs').format)"
    text = subprocess.run(["node", "-e", program], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    needed = '"i": "$context.integration.requestId", "e": "$context.error.responseType", '
    made = LogFormat("{" + needed + text[1:])
    filled = re.sub(r"\$context\.error\.messageString", '"it said: \\"no\\""', "{" + needed + text[1:])
    line = made.line(re.sub(r"\$context\.[\w.]+", "7", filled))
    assert line is not None
    assert (line.status, line.response_ms, line.in_lambda_ms, line.request_id) == (7, 7.0, 7.0, "7")


def test_an_http_api_has_route_keys() -> None:
    made = LogFormat(f'{{{NEEDED}, "r": "$context.routeKey", "m": "$context.httpMethod"}}')
    resources = {}
    for key in ("GET /orders/{id}", "ANY /{proxy+}", "$default", "-"):
        line = made.line(json.dumps({"s": "200", "l": "1", "i": "x", "e": "-", "r": key, "m": "GET"}))
        assert line is not None
        resources[key] = line.resource
    assert resources == {
        "GET /orders/{id}": "/orders/{id}",
        "ANY /{proxy+}": "/{proxy+}",
        "$default": "/{proxy+}",
        "-": "",
    }


def test_the_endpoints_request_id_serves_as_lambdas() -> None:
    made = LogFormat(f"{{{NEEDED.replace('integration.requestId', 'awsEndpointRequestId')}}}")
    line = made.line('{"s": "200", "l": "1", "i": "x", "e": "-"}')
    assert line is not None
    assert line.request_id == "x"


@pytest.mark.parametrize("variable", ["status", "responseLatency", "integration.requestId", "error.responseType"])
def test_a_needed_variable_that_is_missing_is_named(variable: str) -> None:
    with pytest.raises(UnreadableFormatError, match=rf"its format lacks \$context\.{variable}$"):
        LogFormat(f"{{{NEEDED.replace(f'$context.{variable}', 'a constant')}}}")


@pytest.mark.parametrize("text", ["", "$context.status", "[1]", '<log s="$context.status"/>'])
def test_a_format_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFormatError, match="not a JSON object"):
        LogFormat(text)


@pytest.mark.parametrize("message", ["", "text", "[]", "{}", '{"status": "-"}', "[" * 100_000, '{"lambda": "x"}'])
def test_a_line_of_another_form_is_none(message: str) -> None:
    assert LogFormat(FORMAT).line(message) is None
