"""A service that is not this project, with the warmer that the plugin adds: the deploy tool's commands know it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pilotlight_tools.local.engine import Engine
from tests.support.foreign import HTTP_EVENT, TARGET, Foreign, pack, pilotlight_files, service, unpack

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("any service")]
WARM = "3 of 3 environments of shop-dev-orders warm"
WARMER = "pilotlightWarmer"
WRAPPED = "from pilotlight import warmable\n\n\n@warmable\ndef handler(event, context): return {'statusCode': 200}\n"
NIGHTLY = "def handler(event, context): return event\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def shop(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    """Deployed once; the provider has a variable that is not the warmer's business."""
    folder = tmp_path_factory.mktemp("foreign")
    unpack(pack(tmp_path_factory.mktemp("pack")), folder / "node_modules")
    functions = {
        "orders": {"handler": "orders.handler", "events": HTTP_EVENT},
        "nightly": {"handler": "nightly.handler", "events": [{"schedule": "cron(0 3 * * ? *)"}]},
    }
    provider = {"name": "aws", "runtime": "python3.13", "environment": {"SECRET": "s"}}
    configuration = service(
        functions=functions, provider=provider, package={"patterns": ["!node_modules/**", "!out/**"]}
    )
    files = {"orders.py": WRAPPED, "nightly.py": NIGHTLY, **pilotlight_files()}
    shop = Foreign(folder, engine.environment).write(configuration, files)
    assert WARM in shop.must("deploy")
    return shop


def function(engine: Engine, key: str) -> Any:
    return boto3.client("lambda", **engine.connection).get_function_configuration(FunctionName=f"shop-dev-{key}")


def test_the_service_can_be_warmed_at_any_time(shop: Foreign) -> None:
    assert WARM in shop.must("warm", "--strict-warm")


def test_the_warmer_alone_can_be_deployed_and_keeps_what_it_has(engine: Engine, shop: Foreign) -> None:
    before = function(engine, WARMER)
    assert WARM in shop.must("deploy", "function", "-f", WARMER, "--force")
    after = function(engine, WARMER)
    # Which builds are deployed is not known here; until the whole service is deployed again, any counts.
    expected = re.sub(r',"build":"\w+"', "", json.dumps(before["Environment"]).replace('\\"', '"'))
    assert after["Role"] == before["Role"]
    assert json.dumps(after["Environment"]).replace('\\"', '"') == expected
    assert before["Environment"]["Variables"].keys() == {
        *("PILOTLIGHT_RATE", "PILOTLIGHT_SERVICE", "PILOTLIGHT_TARGETS")
    }


def test_a_target_that_is_deployed_alone_is_proved_warm_with_the_build_of_its_own_package(
    engine: Engine, shop: Foreign
) -> None:
    """Not with that of the package of an earlier deployment, which still lies in .serverless."""
    before = function(engine, "orders")["Environment"]["Variables"]
    (shop.folder / "orders.py").write_text(f"{WRAPPED}# changed\n")
    assert WARM in shop.must("deploy", "function", "-f", "orders")
    after = function(engine, "orders")["Environment"]["Variables"]
    assert after.keys() == before.keys()
    assert after["PILOTLIGHT_BUILD"] != before["PILOTLIGHT_BUILD"]


def test_only_the_function_that_is_deployed_is_looked_into(shop: Foreign) -> None:
    """What another target has in .serverless is of an earlier command."""
    package = shop.folder / ".serverless" / "shop.zip"
    package.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("pilotlight/__init__.py", '__version__ = "7.1.0"\n')
    assert WARM in shop.must("deploy", "function", "-f", WARMER)


def test_a_list_of_what_could_be_rolled_back_to_is_no_deployment(shop: Foreign) -> None:
    listed = shop.must("rollback")
    assert "Timestamp: " in listed
    assert WARM not in listed
    (timestamp, *_) = re.findall(r"Timestamp: (\d+)", listed)
    assert WARM in shop.must("rollback", "--timestamp", timestamp)


def test_the_other_schedules_function_gets_its_own_event(engine: Engine, shop: Foreign) -> None:
    event = {"source": "aws.events", "detail-type": "Scheduled Event"}
    assert json.loads(shop.must("invoke", "-f", "nightly", "--data", json.dumps(event))) == event
    assert function(engine, "nightly")["Environment"]["Variables"] == {"SECRET": "s"}


def test_info_and_logs_know_the_warmer(shop: Foreign) -> None:
    assert f"{WARMER}: shop-dev-{WARMER}" in shop.must("info")
    assert '"message": "tick"' in shop.must("logs", "-f", WARMER)


def test_the_warmer_runs_locally_and_pings_what_is_deployed(engine: Engine, shop: Foreign) -> None:
    """With the plugin's own copy of Pilotlight, by any Python that has boto3."""
    python = {"PYTHON": str(Path(".venv/bin/python").absolute())}
    vendored = (shop.folder / "pilotlight").rename(shop.folder / "not-there")
    try:
        output = Foreign(shop.folder, {**engine.environment, **python}).must("invoke", "local", "-f", WARMER)
    finally:
        vendored.rename(shop.folder / "pilotlight")
    (result,) = re.findall(r"^\{.*^\}", output, re.MULTILINE | re.DOTALL)
    assert json.loads(result)["targets"][0]["unique"] == TARGET["concurrency"]


def test_a_package_that_was_made_before_is_deployed_with_its_warmer(shop: Foreign) -> None:
    (shop.folder / "orders.py").write_text(f"{WRAPPED}# changed again\n")
    shop.must("package", "--package", "out")
    assert WARM in shop.must("deploy", "--package", "out")


@pytest.mark.parametrize("work", ["event.get('none')", "event['path']", "{event['pilotlight'] is None: {1}}"])
def test_a_target_that_does_not_answer_is_named_by_the_tick_with_the_lines_to_write(shop: Foreign, work: str) -> None:
    """It returns something else, raises, or returns what is no JSON."""
    (shop.folder / "orders.py").write_text(f"def handler(event, context): return {work}\n")
    output = shop.must("deploy", "function", "-f", "orders")
    assert "0 of 3 environments of shop-dev-orders warm" in output
    assert "`from pilotlight import warmable`, and `handler = warmable(handler)`" in output
    strict = shop.sls("warm", "--strict-warm")
    assert (strict.exit_code, "The service is not warm." in strict.text) == (1, True)


def test_removing_the_stack_leaves_no_warmer(engine: Engine, shop: Foreign) -> None:
    shop.must("remove")
    assert boto3.client("lambda", **engine.connection).list_functions()["Functions"] == []


def test_a_service_of_images_alone_is_deployed_with_a_zipped_warmer(engine: Engine, shop: Foreign) -> None:
    """The deploy tool looks for a package of the whole service, which there is not, unless the warmer's is its own."""
    folder = shop.folder.parent / "images"
    folder.mkdir()
    (folder / "node_modules").symlink_to(shop.folder / "node_modules")
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:{'0' * 64}"
    configuration = service(
        functions={"orders": {"image": image}},
        provider={"name": "aws"},
        pilotlight={"targets": [TARGET], "warmAfterDeploy": False},
    )
    images = Foreign(folder, engine.environment).write(configuration, {"README": ""})
    images.must("deploy", "--stage", "images")
    client = boto3.client("lambda", **engine.connection)
    kinds = {each["FunctionName"]: each["PackageType"] for each in client.list_functions()["Functions"]}
    assert (kinds["shop-images-orders"], kinds[f"shop-images-{WARMER}"]) == ("Image", "Zip")
    images.must("remove", "--stage", "images")
