"""Downstream tracing: who traces the calls that a function makes to AWS and over HTTP.

PILOTLIGHT_DOWNSTREAM_TRACING says it:

- `xray`: aws-xray-sdk, which the first ping loads. A cold request is not made slower, and has no subsegments of its
  calls; every request after a ping has them.
- `xray-init`: aws-xray-sdk, loaded in the init, so that cold requests have them too, and wait for it.
- `otel`: OpenTelemetry, which the service or a layer sets up; here nothing is loaded for it.
- `off`: nothing does.

Unset, it is `xray` for our own entry point, and `off` for someone else's handler.
"""

from __future__ import annotations

import os

VARIABLE = "PILOTLIGHT_DOWNSTREAM_TRACING"
_LIBRARIES = ("botocore", "requests")


def setting(default: str) -> str:
    """What the variable says, or else `default`."""
    return os.environ.get(VARIABLE) or default


def trace_by_xray() -> None:
    """Load aws-xray-sdk and let it trace boto3 and requests, once.

    A client library that the service has not imported yet is patched on import: no ping loads one that no route uses.
    """
    global _traced
    if _traced:
        return
    _traced = True
    try:
        import wrapt
        from aws_xray_sdk.core import patch  # 60 ms and more: never in a user's request
    except ImportError:
        return  # not in requirements.txt, so there is nothing to prepare
    for library in _LIBRARIES:
        wrapt.register_post_import_hook(lambda _, name=library: patch((name,), raise_errors=False), library)


_traced = False
