"""What the Lambda runtime brings, under each of the three names that it is looked for by."""

from __future__ import annotations

import importlib.metadata

import pytest

from pilotlight_build.runtime_modules import RUNTIME_DISTRIBUTIONS, RUNTIME_FOLDERS, RUNTIME_MODULES

SDK = {"boto3", "botocore", "jmespath", "s3transfer", "six", "urllib3"}


def test_requirements_imports_and_folders_name_the_same_things() -> None:
    assert SDK | {"awslambdaric", "python-dateutil"} == RUNTIME_DISTRIBUTIONS
    assert SDK | {"awslambdaric", "dateutil", "snapshot_restore_py"} == RUNTIME_MODULES
    assert RUNTIME_MODULES | {"python_dateutil"} == RUNTIME_FOLDERS


@pytest.mark.parametrize("module", sorted(RUNTIME_MODULES))
def test_every_module_is_of_one_of_the_distributions_or_of_what_they_need(module: str) -> None:
    """As they are installed here, where the runtime client and the SDK are too."""
    (name,) = set(importlib.metadata.packages_distributions()[module])
    needs = [need for each in RUNTIME_DISTRIBUTIONS for need in importlib.metadata.requires(each) or []]
    assert name in RUNTIME_DISTRIBUTIONS or any(need.startswith(name) for need in needs)
