"""AWS_LAMBDA_INITIALIZATION_TYPE is what AWS documents, for each qualifier of a function."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from pilotlight_tools.local.engine import Engine
from pilotlight_tools.local.launcher.initialization import initialization_type
from tests.support.functions import create_function, invoke_function

FUNCTION = """
import os, time
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def create(engine: Engine, name: str, **settings: Any) -> str:
    """Create a function and publish its first version; return the version."""
    create_function(engine, name, FUNCTION, Timeout=30, **settings)
    return str(boto3.client("lambda", **engine.connection).publish_version(FunctionName=name)["Version"])


def type_of(engine: Engine, function: str, seconds: float = 0) -> str:
    return str(invoke_function(engine, function, {"seconds": seconds}))


@pytest.mark.slow
def test_provisioned_concurrency_is_of_its_alias_and_of_its_number(engine: Engine) -> None:
    """What comes beyond the number meets on-demand environments, and so does the function without its alias."""
    client = boto3.client("lambda", **engine.connection)
    version = create(engine, "provided")
    client.create_alias(FunctionName="provided", Name="provisioned", FunctionVersion=version)
    client.put_provisioned_concurrency_config(
        FunctionName="provided", Qualifier="provisioned", ProvisionedConcurrentExecutions=2
    )
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(lambda _: type_of(engine, "provided:provisioned", 1), range(3)))
    assert sorted(at_once) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert type_of(engine, "provided") == "on-demand"


@pytest.mark.slow
def test_snapstart_is_of_published_versions(engine: Engine) -> None:
    client = boto3.client("lambda", **engine.connection)
    version = create(engine, "snapped", SnapStart={"ApplyOn": "PublishedVersions"})
    client.get_waiter("published_version_active").wait(
        FunctionName="snapped", Qualifier=version, WaiterConfig={"Delay": 1}
    )
    client.create_alias(FunctionName="snapped", Name="snapstart", FunctionVersion=version)
    assert type_of(engine, "snapped:snapstart") == "snap-start"
    assert type_of(engine, "snapped") == "on-demand"


def test_an_alias_of_another_version_provisions_nothing() -> None:
    function = {
        "aliases": {"provisioned": {"FunctionVersion": "1"}},
        "provisioned_concurrency": {"provisioned": {"RequestedProvisionedConcurrentExecutions": 1}},
    }
    assert initialization_type({"Version": "1"}, function, 0) == "provisioned-concurrency"
    assert initialization_type({"Version": "2"}, function, 0) == "on-demand"
