"""The functions' handlers: a name that its module certainly lacks is an error when packaging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.conditions import Target
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.handlers import entry_module
from pilotlight_build.imports import check
from pilotlight_build.source_facts import facts_of

DEFINITIONS = {
    "a function": "def handler(event, context): ...",
    "an asynchronous function": "async def handler(event, context): ...",
    "a class": "class handler: ...",
    "an assignment": "handler = Mangum(app)",
    "an unpacked assignment": "handler, other = make()",
    "an annotated assignment": "handler: Handler = make()",
    "an import": "from app_of_others import handler",
    "an import by another name": "from service.app import main as handler",
    "a conditional assignment": "if FAST:\n    handler = fast\nelse:\n    handler = slow",
    "a conditional import": "try:\n    from fast import handler\nexcept ImportError:\n    handler = slow",
    "a with statement": "with patched():\n    from app import handler",
    "a star import": "from service.app import *",
    "a star import among others": "try:\n    from fast import *\nexcept ImportError: ...\ndef other(): ...",
    "names by globals": "globals()['handler'] = make()",
    "a loop": "for handler in (one, two): ...",
    "a walrus": "if (handler := make()): ...",
    "a function that sets it": "def start():\n    global handler\n    handler = make()\nstart()",
    "names on demand": "def __getattr__(name): ...",
}


Checked = Callable[..., list[str]]
PLAIN = "def handler(event, context): ..."


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Checks a handler of a package with the own files and those of dependencies; the folder is empty."""

    def run(
        handler: str,
        own: Mapping[str, str] | None = None,
        installed: Mapping[str, str] | None = None,
        left_out: Mapping[str, str] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> list[str]:
        contents = Contents(tmp_path, encoded(own or {}), encoded(installed or {}), left_out or {})
        return check(contents, [handler], Target((3, 13)), None, elsewhere or Elsewhere())

    return run


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_handler_may_be_defined_in_any_way(checked: Checked, definition: str) -> None:
    known = Elsewhere(provided=("service", "app", "app_of_others"))
    assert checked("app.handler", {"app.py": DEFINITIONS[definition]}, elsewhere=known) is not None


@pytest.mark.parametrize("installed", [False, True])
def test_a_misspelt_handler_is_an_error_that_names_the_nearest(checked: Checked, installed: bool) -> None:
    with pytest.raises(PackagingError, match=r"app\.py defines no 'handlr': did you mean 'handler'\?"):
        checked("app.handlr", *([{}] if installed else []), {"app.py": PLAIN})


def test_a_name_inside_a_function_is_not_the_modules() -> None:
    found = facts_of(b"def make():\n    handler = 1\n    def inner(): ...", "app.py", Target((3, 13)))
    assert found.names == frozenset({"make"})


@pytest.mark.parametrize(
    ("handler", "file"),
    [("handler.handler", "handler.py"), ("app/api.handler", "app/api.py"), ("app.api.handler", "app/api.py")],
)
def test_a_handlers_module_is_a_file_of_the_package(handler: str, file: str) -> None:
    assert entry_module(handler) == file


@pytest.mark.parametrize(
    ("handler", "file"),
    [
        ("src/app.handler", "src/app.py"),
        ("src.app.handler", "src/app.py"),
        ("src/deep.app.handler", "src/deep/app.py"),
        ("my-orders/app.handler", "my-orders/app.py"),
        ("app.handler", "app/__init__.py"),
    ],
)
@pytest.mark.parametrize("installed", [False, True])
def test_handlers_are_found_in_folders_and_dependencies(
    checked: Checked, handler: str, file: str, installed: bool
) -> None:
    files = {file: PLAIN}
    assert checked(handler, {} if installed else files, files if installed else {}) == []


def test_a_handler_in_a_compiled_module_is_taken_at_its_word(checked: Checked) -> None:
    assert checked("fast.handler", {}, {"fast.cpython-313-aarch64-linux-gnu.so": ""}) == []


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("handler", "names no function in a module: write the module, a dot and the function"),
        ("app.", "names no function in a module"),
        ("./app.handler", r"is no path within the package: write 'app\.handler'"),
        ("/var/task/app.handler", r"write 'var/task/app\.handler'"),
        ("src\\app.handler", r"write 'src/app\.handler'"),
        ("time.handler", "the name of Python's own `time`"),
        ("nowhere.handler", r"whose handler is in nowhere\.py, but there is no such file"),
        ("gone.handler", r"package\.patterns leaves it out: add 'gone\.py'"),
        ("folder.handler", r"package\.patterns leaves it out: add 'folder/\*\*'"),
        ("tools.gone.handler", r"'!tools/gone\.py' of package\.patterns leaves it out"),
        ("src.handler", "src/ is a folder without `__init__.py`"),
    ],
)
def test_a_handler_that_lambda_cannot_load_has_a_way_out(
    checked: Checked, tmp_path: Path, handler: str, message: str
) -> None:
    (tmp_path / "gone.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").touch()
    own = {"app.py": PLAIN, "src/app.py": PLAIN}
    with pytest.raises(PackagingError, match=message):
        checked(handler, own, {"tools/__init__.py": ""}, {"tools/gone.py": "!tools/gone.py"})


def test_a_handler_may_be_in_a_layer(checked: Checked) -> None:
    handler = "datadog_lambda.handler.handler"
    (notice,) = checked(handler, elsewhere=Elsewhere(layered=(handler,)))
    assert notice.startswith("Unless a layer has it: serverless.yml has a function whose handler is in datadog_lambda")
    assert checked(handler, elsewhere=Elsewhere(provided=("datadog_lambda",))) == []


def test_what_only_functions_with_layers_load_may_be_in_a_layer(tmp_path: Path) -> None:
    own = dict.fromkeys(("plain.py", "layered.py"), f"import pandas\n{PLAIN}")
    contents = Contents(tmp_path, encoded(own), {})
    known = Elsewhere(layered=("layered.handler",))
    assert len(check(contents, ["layered.handler"], Target((3, 13)), None, known)) == 1
    with pytest.raises(PackagingError, match=r"plain\.py, line 1 imports pandas"):
        check(contents, ["layered.handler", "plain.handler"], Target((3, 13)), None, known)
