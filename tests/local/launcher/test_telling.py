"""The engine tells what each invocation wrote, to whoever started it."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.invocation import Invocation
from tests.conftest import until
from tests.support.functions import create_function, invoke_function

FUNCTION = """
import os
def handler(event, context):
    exec(event["code"], {"os": os})
    return "done"
"""


class Told:
    """An engine, and what it told."""

    def __init__(self) -> None:
        self.invocations: list[Invocation] = []
        self.engine = Engine(on_invocation=self.invocations.append)

    def of(self, function: str) -> Invocation:
        """The first invocation of a function."""
        [found, *_] = until(lambda: [each for each in self.invocations if each.function == function], what=function)
        return found


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    told = Told()
    with told.engine:
        yield told


@pytest.mark.slow
class TestEngine:
    def test_log_and_error_of_an_invocation_are_told(self, told: Told) -> None:
        create_function(told.engine, "raises", FUNCTION)
        invoke_function(told.engine, "raises", {"code": "print('before'); 1 / 0"})
        found = told.of("raises")
        assert found.log == "before"
        assert f'File "{found.folder}/index.py", line 4' in found.error
        assert found.error.strip().endswith("ZeroDivisionError: division by zero")

    def test_long_log_is_told_without_its_middle(self, told: Told) -> None:
        create_function(told.engine, "writes", FUNCTION)
        assert invoke_function(told.engine, "writes", {"code": "print('a' + 'x' * 1_000_000 + 'b')"}) == "done"
        log = told.of("writes").log
        assert (log[0], log[-1]) == ("a", "b")
        assert "800,002 characters more" in log

    @pytest.mark.parametrize(("ending", "error"), [("1 / 0", "ZeroDivisionError"), ("exit(3)", "SystemExit: 3")])
    def test_failed_import_is_told_with_its_line_and_is_in_the_log(self, told: Told, ending: str, error: str) -> None:
        name = error.split(":")[0]
        create_function(told.engine, name, f"print('first')\n{ending}\n{FUNCTION}")
        assert error.split(":")[0] in invoke_function(told.engine, name, {})["errorMessage"]
        found = told.of(name)
        assert found.failed_init
        assert found.log.startswith("first\n")
        assert f'File "{found.folder}/index.py", line 2, in <module>' in found.log
        logs = boto3.client("logs", **told.engine.connection)
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        assert any(error in event["message"] for event in events)

    def test_breakpoint_without_a_debugger_says_so_and_goes_on(self, told: Told) -> None:
        create_function(told.engine, "breaks", FUNCTION.replace("exec", "breakpoint(); exec"))
        assert invoke_function(told.engine, "breaks", {"code": "pass"}) == "done"
        assert "breakpoint() at index.py, line 4: no debugger here" in told.of("breaks").log

    def test_functions_do_not_see_the_pipe(self, told: Told) -> None:
        create_function(told.engine, "looks", FUNCTION)
        look = "print([n for n in os.environ if 'PIPE' in n], [os.readlink(f'/proc/self/fd/{n}') for n in range(3, 9)"
        invoke_function(told.engine, "looks", {"code": f"{look} if os.path.exists(f'/proc/self/fd/{{n}}')])"})
        assert "PIPE" not in told.of("looks").log
        assert "invocations" not in told.of("looks").log


@pytest.mark.slow
def test_engine_that_tells_nobody_serves() -> None:
    with Engine() as engine:
        create_function(engine, "serves", FUNCTION)
        assert invoke_function(engine, "serves", {"code": "print('one')"}) == "done"
