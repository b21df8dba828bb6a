"""The functions' handlers: a name that its module certainly lacks is an error when packaging."""

from __future__ import annotations

import pytest

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.handlers import check_handlers, entry_module, top_level_names

DEFINITIONS = {
    "a function": "def handler(event, context): ...",
    "an asynchronous function": "async def handler(event, context): ...",
    "a class": "class handler: ...",
    "an assignment": "handler = Mangum(app)",
    "an unpacked assignment": "handler, other = make()",
    "an annotated assignment": "handler: Handler = make()",
    "an import": "from service.app import handler",
    "an import by another name": "from service.app import main as handler",
    "a conditional assignment": "if FAST:\n    handler = fast\nelse:\n    handler = slow",
    "a conditional import": "try:\n    from fast import handler\nexcept ImportError:\n    handler = slow",
    "a with statement": "with patched():\n    from app import handler",
    "a star import": "from service.app import *",
    "names on demand": "def __getattr__(name): ...",
}


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_handler_may_be_defined_in_any_way(definition: str) -> None:
    check_handlers({"app.py": DEFINITIONS[definition].encode()}, ["app.handler"])


def test_a_misspelt_handler_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(PackagingError, match=r"app\.py defines no 'handlr': did you mean 'handler'\?"):
        check_handlers({"app.py": b"def handler(event, context): ..."}, ["app.handlr"])


def test_a_name_inside_a_function_is_not_the_modules() -> None:
    assert top_level_names(b"def make():\n    handler = 1\n    def inner(): ...") == {"make"}


@pytest.mark.parametrize(
    ("handler", "file"),
    [("handler.handler", "handler.py"), ("app/api.handler", "app/api.py"), ("app.api.handler", "app/api.py")],
)
def test_a_handlers_module_is_a_file_of_the_package(handler: str, file: str) -> None:
    assert entry_module(handler) == file
