"""docs/adopting.md, typed as it stands in a service that has never heard of Pilotlight, ends in the proof."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotlight_tools.local.engine import Engine
from tests.support.foreign import run
from tests.support.project import PROJECT

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.xdist_group("adopting")]

SERVERLESS_YML = """\
service: billing
provider:
  name: aws
  runtime: python3.13
functions:
  orders:
    handler: orders.handler
    events:
      - http: ANY /orders
  items:
    handler: items.handler
    events:
      - httpApi: GET /items
  mailer:
    handler: mailer.handler
"""
PACKAGED = f"""\
plugins:
  - serverless-python-requirements
custom:
  pythonRequirements:
    pythonBin: {sys.executable}
"""
PACKAGE_JSON = """\
{
  "name": "billing",
  "private": true,
  "devDependencies": { "serverless": "npm:osls@4.3.1", "serverless-python-requirements": "6.1.2" }
}
"""
ORDERS = '''\
"""The orders of a shop."""

import json


def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"orders": []})}
'''
ITEMS = """\
class Items:
    def __call__(self, event, context):
        return {"statusCode": 200, "body": "none"}


handler = Items()
"""
MAILER = "def handler(event, context):\n    return event\n"


@dataclass(frozen=True)
class Step:
    """A block of the page's steps: its language, and its lines."""

    language: str
    text: str


@dataclass(frozen=True)
class Adopted:
    """The service after all steps, in git, and what the last one printed."""

    folder: Path
    printed: str

    def added(self, *paths: str) -> list[str]:
        """The lines that the steps have added to these files, without empty ones."""
        command = ["git", "diff", "--unified=0", "--", *paths]
        diff = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        assert not re.findall(r"^-(?!--)", diff, re.MULTILINE), "nothing is changed or taken away"
        return re.findall(r"^\+(?!\+\+)(.*\S.*)$", diff, re.MULTILINE)


def steps() -> list[Step]:
    """The blocks of "The steps", in order; what a command prints has no language, and is no step."""
    page = (PROJECT / "docs" / "adopting.md").read_text(encoding="utf-8")
    section = re.search(r"^## The steps\n(.*?)^## ", page, re.DOTALL | re.MULTILINE)
    assert section
    return [Step(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)]


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adopted]:
    parent = tmp_path_factory.mktemp("adopting")
    (parent / "pilotlight").symlink_to(PROJECT)
    folder = parent / "billing"
    write_service(folder, SERVERLESS_YML + PACKAGED)
    with Engine() as engine:
        yield Adopted(folder, take(folder, engine))


def write_service(folder: Path, configuration: str) -> None:
    folder.mkdir()
    files = {"orders.py": ORDERS, "items.py": ITEMS, "mailer.py": MAILER, "requirements.txt": "", ".gitignore": "*"}
    for name, text in {**files, "serverless.yml": configuration, "package.json": PACKAGE_JSON}.items():
        (folder / name).write_text(text)
    for command in (
        ["init", "-q"],
        ["add", "-f", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def take(folder: Path, engine: Engine) -> str:
    """Take each step as a reader would, and return what the last command printed."""
    environment, output = {**engine.environment}, ""
    for step in steps():
        if step.language == "sh":
            output = type_in(folder, step.text, environment)
        elif step.language == "yaml":
            add_yaml(folder / "serverless.yml", step.text)
        elif step.text.startswith("from "):
            for name in ("orders.py", "items.py"):
                (folder / name).write_text(below_docstring((folder / name).read_text(), step.text))
        else:
            for name in ("orders.py", "items.py"):
                add(folder / name, step.text)
    return output


def type_in(folder: Path, commands: str, environment: dict[str, str]) -> str:
    """Run commands in a shell; what they export, the next ones have too."""
    exported = folder.parent / "exported"
    done = run(["bash", "-ec", f"{commands}\nexport -p | grep PIP_ > {exported} || true"], folder, environment)
    assert done.exit_code == 0, done.text
    environment |= dict(re.findall(r'^declare -x (PIP_\w+)="(.*)"$', exported.read_text(), re.MULTILINE))
    return done.text


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def add_yaml(file: Path, text: str) -> None:
    """Add lines to a configuration; a key that it has already is not written again."""
    lines, at = file.read_text().splitlines(), None
    for line in text.splitlines():
        if line.startswith(" ") and at is None:  # the step before wrote what this one belongs to
            at = lines.index("      - { function: orders, concurrency: 3 }") + 1
        elif line in lines and not line.startswith(" "):
            at = lines.index(line) + 1
            continue
        at = len(lines) if at is None or not line.startswith(" ") else at
        lines.insert(at, line)
        at += 1
    file.write_text("\n".join(lines) + "\n")


def below_docstring(source: str, line: str) -> str:
    """The source with a line at its top, which is below its docstring."""
    docstring = re.match(r'"""[^"]*"""\n', source)
    return f"{docstring[0]}{line}{source[docstring.end() :]}" if docstring else line + source


def test_the_steps_end_in_the_proof_for_each_function(adopted: Adopted) -> None:
    for function in ("orders", "items"):
        assert f"3 of 3 environments of billing-dev-{function} warm (3 were cold, init " in adopted.printed


def test_two_lines_of_python_for_a_function(adopted: Adopted) -> None:
    for name in ("orders.py", "items.py"):
        assert adopted.added(name) == ["from pilotlight import warmable", "handler = warmable(handler)"]
    assert adopted.added("mailer.py") == []


def test_six_lines_of_yaml_and_one_for_each_further_target(adopted: Adopted, tmp_path: Path) -> None:
    assert len(adopted.added("serverless.yml")) <= 7
    without_plugins = tmp_path / "billing"
    write_service(without_plugins, SERVERLESS_YML)
    counts = []
    for step in [step for step in steps() if step.language == "yaml"]:
        add_yaml(without_plugins / "serverless.yml", step.text)
        counts.append(len(lines := Adopted(without_plugins, "").added("serverless.yml")))
    assert counts == [6, 7]
    assert [line for line in lines if "function:" in line] == [
        "      - { function: orders, concurrency: 3 }",
        "      - { function: items, concurrency: 3 }",
    ]


def test_the_page_shows_what_the_last_step_prints(adopted: Adopted) -> None:
    page, printed = (
        re.sub(r"\d+ ms", "… ms", text)
        for text in ((PROJECT / "docs" / "adopting.md").read_text(encoding="utf-8"), adopted.printed)
    )
    for line in re.findall(r"^✔.*$", page, re.MULTILINE):
        assert line.removeprefix("✔ ") in printed
