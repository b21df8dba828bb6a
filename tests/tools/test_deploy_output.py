"""What is told of a deploy tool that failed: the reason, in the service's own folder, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotlight_tools.configuration import ConfigurationError
from pilotlight_tools.cost.configured_plan import print_configuration
from pilotlight_tools.deploy_output import reason_in
from tests.support.project import PROJECT

FAILED = """\

Deploying shop to stage local (us-east-1)
  CREATE_COMPLETE - AWS::IAM::Role - ApiRole
  CREATE_FAILED - AWS::Lambda::Function - ApiFunction

\N{MULTIPLICATION SIGN} Stack shop-local failed to deploy (8s)
Environment: linux, node 22.1.0, osls 4.3.1 (local)
Docs:        github.com/oss-serverless/osls

Error:
Error: cannot read "/tmp/x/service/orders.py"
    at async Object.lstat (node:internal/fs/promises:1022:18)
    at async /home/marie/node_modules/serverless/scripts/serverless.js:707:9
"""


def test_the_reason_is_left_and_names_the_services_own_file(tmp_path: Path) -> None:
    assert reason_in(FAILED, tmp_path, Path("/tmp/x/service")) == (
        f'CREATE_FAILED - AWS::Lambda::Function - ApiFunction\nError: cannot read "{tmp_path}/orders.py"'
    )


def test_an_engine_that_is_gone_is_said(tmp_path: Path) -> None:
    told = reason_in("Error:\nconnect ECONNREFUSED 127.0.0.1:4566", tmp_path)
    assert told.endswith("Nothing answers at that address of this machine: what was started there has ended.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("memry: 512", "declares no 'memory': is 'memry' there a misspelling of it?"),
        ("colour: red", "declares no 'memory' (colour)."),
    ],
)
def test_a_parameter_that_is_not_declared_is_named_with_its_neighbour(tmp_path: Path, declared: str, said: str) -> None:
    """The deploy tool says only where it is used."""
    (tmp_path / "node_modules").symlink_to(PROJECT / "node_modules")
    (tmp_path / "serverless.yml").write_text(
        f"service: shop\nparams: {{default: {{{declared}}}}}\n"
        "provider: {name: aws, runtime: python3.13, memorySize: '${param:memory}'}\n"
    )
    with pytest.raises(ConfigurationError) as raised:
        print_configuration("dev", tmp_path)
    assert str(raised.value).splitlines()[-1] == f"serverless.yml uses ${{param:memory}}, and `params` in it {said}"
