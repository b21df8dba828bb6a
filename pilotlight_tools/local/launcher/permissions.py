"""The rights that reading a function's concurrency takes, as on AWS.

The engine asks for `lambda:PutFunctionConcurrency` whatever the method, which a role that only reads does not have
("GetFunctionConcurrency" and "DeleteFunctionConcurrency" in the Lambda API Reference name their own).
"""

from __future__ import annotations

from ministack.core import iam_actions

_PUT = "PutFunctionConcurrency"
_BY_METHOD = {"GET": "GetFunctionConcurrency", "DELETE": "DeleteFunctionConcurrency"}


def install() -> None:
    """Change the engine's names of actions. Raises AttributeError where they are not as expected."""
    action = iam_actions._lambda_action

    def action_of(method: str, path: str) -> str | None:
        found = action(method, path)
        return _BY_METHOD.get(method, _PUT) if found == _PUT else found

    iam_actions._lambda_action = action_of
