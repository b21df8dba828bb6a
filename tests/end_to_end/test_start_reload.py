"""Saving a file has `npm start` answer with the new code; a mistake in it is one line, and the old code goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import until
from tests.support.started import Started, service_with, starting

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]
HANDLER = """\
from pilotlight import Routes, entry_point

routes = Routes()


@routes.route("/word")
def word(request):
    return {"word": "first"}


handler = entry_point(routes)
"""


class Developed:
    """A running service whose files a test edits."""

    def __init__(self, project: Path, started: Started) -> None:
        self.project = project
        self.started = started
        self.address = started.url()
        self.word("first")

    def save(self, path: str, text: str) -> None:
        """Write a file of the project."""
        (self.project / path).parent.mkdir(exist_ok=True)
        (self.project / path).write_text(text, encoding="utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the project."""
        text = (self.project / path).read_text(encoding="utf-8")
        assert old in text
        self.save(path, text.replace(old, new))

    def word(self, wanted: str) -> None:
        """Wait until the service responds with this word."""
        until(lambda: self.response() == {"word": wanted}, seconds=60, what=f"{wanted}\n{self.started.everything()}")

    def response(self) -> object:
        """Request the route."""
        return requests.get(f"{self.address}/word", timeout=60).json()

    def said(self, pattern: str) -> None:
        """Wait until the terminal shows a line."""
        until(lambda: self.started.printed(pattern), seconds=60, what=f"{pattern}\n{self.started.everything()}")


@contextmanager
def developing(project: Path, folder: Path) -> Iterator[Developed]:
    """Run the service of `project` until the block ends; then stop it, and nothing is left."""
    temporary = folder / "temporary"
    temporary.mkdir()
    with starting(temporary, project, PORT="0") as started:
        yield Developed(project, started)
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(30) == 0, started.everything()
        started.leaves_nothing()


def page_of(developed: Developed) -> str:
    """The address of the latency page."""
    found = developed.started.printed(r"latency (http\S+)")
    assert found
    return found[1]


@pytest.fixture
def project(sample_project: Path, tmp_path: Path) -> Path:
    return service_with(HANDLER, sample_project, tmp_path)


@pytest.fixture
def developed(project: Path, tmp_path: Path) -> Iterator[Developed]:
    with developing(project, tmp_path) as developed:
        yield developed


def test_saved_files_answer_and_mistakes_leave_the_old_code(developed: Developed) -> None:
    developed.save("handler.py", HANDLER.replace("first", "second"))
    developed.word("second")
    developed.said(r"reload +handler\.py: new code of api, warmer")

    developed.save("handler.py", HANDLER.replace("first", "broken") + "def (\n")
    developed.said(r"reload +handler\.py, line 12: invalid syntax .*goes on")
    assert developed.response() == {"word": "second"}

    developed.save("handler.py", "import nowhere\n" + HANDLER)
    developed.said(r"reload +handler\.py, line 1 imports nowhere, which is neither .*goes on")
    assert developed.response() == {"word": "second"}

    developed.save("handler.py", HANDLER.replace("first", "second"))
    developed.said(r"reload +handler\.py: back to the code that runs")


def test_new_files_and_changes_of_serverless_yml_come_by_themselves(developed: Developed) -> None:
    before = requests.get(f"{page_of(developed)}report.json", timeout=60).json()["requests"]
    developed.save("shop/words.py", "WORD = 'from a new folder'\n")
    developed.change("serverless.yml", "    - handler.py\n", "    - handler.py\n    - shop/**\n")
    developed.said(r"reload +serverless\.yml.*: deployed again")
    words = HANDLER.replace("routes =", "from shop import words\n\nroutes =").replace('"first"', "words.WORD")
    developed.save("handler.py", words)
    developed.word("from a new folder")
    developed.save("shop/words.py", "from shop.more import WORD\n")
    developed.save("shop/more.py", "WORD = 'from a new file'\n")
    developed.word("from a new file")

    developed.change("serverless.yml", "\nfunctions:", "\nfunctions: [")
    developed.said(r'reload +Cannot parse "serverless\.yml": .* in "serverless\.yml" \(\d+:\d+\) .*goes on')
    developed.word("from a new file")

    after = requests.get(f"{page_of(developed)}report.json", timeout=60).json()["requests"]
    assert after > before, "the page's history goes on"


def test_change_of_dependencies_is_brought_in_or_says_what_to_do(developed: Developed) -> None:
    requirements = (developed.project / "requirements.txt").read_text()
    developed.save("requirements.txt", f"certifi\n{requirements}")
    developed.said(r"reload +requirements\.txt: installing what is new")
    developed.said(r"reload +.*certifi.*goes on")
    developed.save("requirements.txt", requirements)
    developed.said(r"reload +requirements\.txt: back to the code that runs")
    developed.save("pyproject.toml", (developed.project / "pyproject.toml").read_text() + "\n# changed\n")
    developed.said(r"reload +pyproject\.toml changed: .*npm run lock")
    assert developed.response() == {"word": "first"}


def without_hashes(project: Path) -> str:
    """serverless.yml of a service that takes requirements without them."""
    return "".join(
        line for line in (project / "serverless.yml").read_text().splitlines(True) if "requireHashes" not in line
    )


def test_library_of_ones_own_is_built_again(project: Path, tmp_path: Path) -> None:
    (project / "serverless.yml").write_text(without_hashes(project))
    library = project / "libs" / "words"
    library.mkdir(parents=True)
    (library / "pyproject.toml").write_text('[project]\nname = "shop-words"\nversion = "1"\n')
    (library / "shop_words.py").write_text("WORD = 'first'\n")
    (project / "requirements.txt").write_text("./libs/words\n")
    (project / "handler.py").write_text(
        HANDLER.replace("routes =", "import shop_words\n\nroutes =").replace('"first"', "shop_words.WORD")
    )
    with developing(project, tmp_path) as developed:
        developed.save("libs/words/shop_words.py", "WORD = 'second'\n")
        developed.word("second")


def test_service_that_another_packages_is_deployed_again(project: Path, tmp_path: Path) -> None:
    text = without_hashes(project).replace("    packaging: pilotlight\n", "")
    (project / "serverless.yml").write_text(text)
    with developing(project, tmp_path) as developed:
        developed.save("handler.py", HANDLER.replace("first", "second"))
        developed.word("second")
        developed.said(r"reload +handler\.py: deployed again")


def test_renamed_service_says_what_to_do(developed: Developed) -> None:
    developed.change("serverless.yml", "service: sample", "service: other")
    developed.said(r"reload +the service has another name: stop and run `npm start` again")
    assert developed.response() == {"word": "first"}
