"""What the tests share: no AWS settings of this machine, and a service of their own, deployed once."""

import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from pilotlight_tools.variables import forget_aws_settings

forget_aws_settings()
# Before anything imports aws_xray_sdk: it makes the SDK assume that it runs in Lambda, and not import botocore.
os.environ["LAMBDA_TASK_ROOT"] = str(Path(__file__).parent)

from pilotlight_tools.local.history import History  # noqa: E402 (after the settings above)
from pilotlight_tools.local.runtime.prepared_folder import NoRuntimeClientError  # noqa: E402 (after the settings above)
from pilotlight_tools.local.service import Service  # noqa: E402 (after the settings above)
from tests.support.service import make_project  # noqa: E402 (after the settings above)

Found = TypeVar("Found")
CONCURRENCY = 10


@dataclass(frozen=True)
class Deployed:
    """The service as `npm start` runs it, with everything that passed through it."""

    service: Service
    history: History

    def url(self, path: str) -> str:
        """The address of `path` at the front door."""
        return self.service.url + path


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tests' own service; a test that changes it must copy it first."""
    return make_project(tmp_path_factory.mktemp("service") / "project")


@pytest.fixture(scope="session")
def deployed(sample_project: Path) -> Iterator[Deployed]:
    """Stage `local`, deployed once into a real engine, with its schedule switched off."""
    history = History()
    with Service(project=sample_project, parameters={"concurrency": CONCURRENCY}, on_pair=history.add) as service:
        service.stage.stop_schedule()
        yield Deployed(service, history)


def until(find: Callable[[], Found], *, seconds: float = 20.0, what: str = "") -> Found:
    """Wait until `find` returns a truthy value, and return it. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, f"still waiting after {seconds} s for {what or find}"
        time.sleep(0.05)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    """Skip what needs Lambda's runtime client where there is none: in a fixture, or in the test itself."""
    yield from _skipped_without_runtime_client()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    yield from _skipped_without_runtime_client()


def _skipped_without_runtime_client() -> Generator[None]:
    try:
        return (yield)
    except NoRuntimeClientError as error:
        pytest.skip(str(error))
