"""What the Lambda runtime includes, under its names in requirements, imports and folders."""

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
def test_every_module_belongs_to_a_distribution_or_its_dependency(module: str) -> None:
    """The runtime client and the SDK are installed here too, so their metadata tells."""
    (name,) = set(importlib.metadata.packages_distributions()[module])
    needs = [need for each in RUNTIME_DISTRIBUTIONS for need in importlib.metadata.requires(each) or []]
    assert name in RUNTIME_DISTRIBUTIONS or any(need.startswith(name) for need in needs)
