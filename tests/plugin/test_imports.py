"""An import stops the packaging where it is certain to fail; where it may never run, a notice says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pilotlight_build.bytecode import PackagingError
from pilotlight_build.conditions import Target
from pilotlight_build.contents import Contents
from pilotlight_build.elsewhere import Elsewhere
from pilotlight_build.imports import check

Checked = Callable[..., list[str]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Checks a package with the own files, and those of dependencies, for the handler `handler.handler`."""

    def run(
        own: Mapping[str, str] | str,
        installed: Mapping[str, str] | None = None,
        elsewhere: Elsewhere | None = None,
        python: tuple[int, int] = (3, 13),
        left_out: Mapping[str, str] | None = None,
    ) -> list[str]:
        files = {"handler.py": own} if isinstance(own, str) else dict(own)
        files["handler.py"] = files.get("handler.py", "") + "\ndef handler(event, context): ..."
        contents = Contents(tmp_path, encoded(files), encoded(installed or {}), left_out or {})
        return check(contents, ["handler.handler"], Target(python), None, elsewhere or Elsewhere())

    return run


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


CERTAIN = [
    "import nowhere",
    "from nowhere import thing",
    "class Orders:\n    import nowhere",
    "with open('a') as file:\n    import nowhere",
    "import warnings\nwith warnings.catch_warnings():\n    import nowhere",
    "import contextlib\nwith contextlib.suppress(KeyError):\n    import nowhere",
    "try:\n    import nowhere\nfinally:\n    pass",
    "try:\n    pass\nfinally:\n    import nowhere",
    "try:\n    import nowhere\nexcept ValueError:\n    pass",
    "try:\n    import nowhere\nexcept (KeyError, AttributeError):\n    pass",
    "if __name__ == '__main__':\n    pass\nelse:\n    import nowhere",
    "if __name__ != '__main__':\n    import nowhere",
    "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import nowhere",
    "import sys\nif sys.version_info >= (3, 11):\n    import nowhere",
    "import sys\nif sys.version_info[:2] == (3, 13):\n    import nowhere",
    "import sys\nif sys.version_info[0] == 2:\n    pass\nelif True:\n    import nowhere",
    "import sys\nif sys.version_info.minor > 12 and not sys.platform.startswith('win'):\n    import nowhere",
    "import os\nif os.name != 'nt':\n    import nowhere",
    "import sys\nif 'orders' in sys.modules:\n    pass\nimport nowhere",
]
MAY_NEVER_RUN = [
    "def later():\n    import nowhere",
    "async def later():\n    import nowhere",
    "class Orders:\n    def later(self):\n        import nowhere",
    "import os\nif os.environ.get('DEBUG'):\n    import nowhere",
    "import sys\nif sys.version_info >= (3, 13, 1):\n    import nowhere",
    "if __name__ == 'handler':\n    import nowhere",
    "for _ in ():\n    import nowhere",
    "while condition():\n    import nowhere",
    "try:\n    import elsewhere\nexcept ImportError:\n    import nowhere",
    "try:\n    import nowhere\nexcept ImportError as error:\n    raise RuntimeError('install it') from error",
    "try:\n    pass\nexcept ValueError:\n    import nowhere",
    "with some_manager():\n    import nowhere",
    "match 1:\n    case 2:\n        import nowhere",
]
SILENT = [
    "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None",
    "try:\n    import nowhere\nexcept Exception:\n    pass",
    "try:\n    import nowhere\nexcept:\n    pass",
    "try:\n    import nowhere\nexcept (KeyError, ModuleNotFoundError):\n    pass",
    "try:\n    import nowhere\nexcept EXPECTED:\n    pass",
    "try:\n    import nowhere\nexcept* ImportError:\n    pass",
    "def later():\n    try:\n        import nowhere\n    except ImportError:\n        pass",
    "import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere",
    "from contextlib import suppress\nwith suppress(Exception):\n    import nowhere",
    "if __name__ == '__main__':\n    import nowhere",
    "if '__main__' == __name__:\n    import nowhere",
    "import typing\nif typing.TYPE_CHECKING:\n    import nowhere",
    "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import nowhere",
    "if 0:\n    import nowhere",
    "import sys\nif sys.version_info < (3, 11):\n    import nowhere",
    "import sys\nif sys.version_info.major == 2 or sys.platform == 'win32':\n    import nowhere",
    "import platform\nif platform.system() in ('Windows', 'Darwin'):\n    import nowhere",
    "try:\n    import json\nexcept ImportError:\n    import nowhere",
    "try:\n    import tomllib\nexcept ModuleNotFoundError:\n    import nowhere as tomllib",
    "def later():\n    raise NotImplementedError\n    import nowhere",
]


@pytest.mark.parametrize("source", CERTAIN)
def test_what_is_certain_to_fail_stops_the_packaging(checked: Checked, source: str) -> None:
    with pytest.raises(PackagingError, match=r"handler\.py, line \d imports nowhere, which is neither.*provided"):
        checked(source)


@pytest.mark.parametrize("source", MAY_NEVER_RUN)
def test_what_may_never_run_is_a_notice(checked: Checked, source: str) -> None:
    (notice,) = checked(source)
    assert notice.startswith("If it ever runs: handler.py, line ")
    assert "imports nowhere" in notice


@pytest.mark.parametrize("source", SILENT)
def test_what_says_that_it_may_fail_or_never_runs_is_silent(checked: Checked, source: str) -> None:
    assert checked(source) == []


@pytest.mark.parametrize("source", [*CERTAIN, *MAY_NEVER_RUN])
def test_what_a_layer_provides_is_not_missing(checked: Checked, source: str) -> None:
    assert checked(source, elsewhere=Elsewhere(provided=("nowhere", "elsewhere"))) == []


def test_a_provided_module_has_those_below_it(checked: Checked) -> None:
    known = Elsewhere(provided=("shared.deep",))
    assert checked("import shared.deep.more\nfrom shared.deep import some", elsewhere=known) == []
    with pytest.raises(PackagingError, match=r"imports shared\.other"):
        checked("import shared.other", elsewhere=known)
    with pytest.raises(PackagingError, match="'python-dateutil', which no import can name"):
        Elsewhere(provided=("python-dateutil",))


def test_a_module_of_ones_own_is_certain_only_where_its_import_is(checked: Checked) -> None:
    helper = {"helper.py": "import nowhere"}
    (notice,) = checked({"handler.py": "def later():\n    import helper", **helper})
    assert "helper.py, line 1 imports nowhere" in notice
    with pytest.raises(PackagingError, match=r"helper\.py, line 1 imports nowhere"):
        checked({"handler.py": "def later():\n    import helper\nimport helper", **helper})
    assert checked({"handler.py": "try:\n    import helper\nexcept ImportError:\n    pass", **helper}) == []


def test_each_missing_module_is_told_once(checked: Checked) -> None:
    assert len(checked("def one():\n    import nowhere\ndef two():\n    import nowhere, elsewhere")) == 2


def test_all_that_is_certain_is_told_a_line_each(checked: Checked) -> None:
    with pytest.raises(PackagingError) as raised:
        checked("import one\nimport two\nfrom helper import three", {"helper.py": ""})
    assert [line.split(" which ")[0] for line in str(raised.value).splitlines()] == [
        "handler.py, line 1 imports one,",
        "handler.py, line 2 imports two,",
        "handler.py, line 3 imports helper,",
    ]


@pytest.mark.parametrize(
    ("source", "python", "is_there"),
    [
        ("import cgi", (3, 12), True),
        ("import cgi", (3, 13), False),
        ("import distutils.version", (3, 11), True),
        ("import distutils.version", (3, 12), False),
        ("import tomllib", (3, 10), False),
        ("import compression.zstd", (3, 13), False),
        ("import compression.zstd", (3, 14), True),
    ],
)
def test_the_standard_library_is_that_of_the_deployed_python(
    checked: Checked, source: str, python: tuple[int, int], is_there: bool
) -> None:
    if is_there:
        assert checked(source, python=python) == []
    else:
        with pytest.raises(PackagingError, match="Python's standard library does not have"):
            checked(source, python=python)


def test_setuptools_brings_what_the_standard_library_lost(checked: Checked) -> None:
    pth = {"distutils-precedence.pth": "import os; __import__('_distutils_hack')", "setuptools/__init__.py": ""}
    assert checked("import distutils", pth) == []


INSTALLED = {
    "tools/__init__.py": "from tools.core import run\n__version__ = '1'\n",
    "tools/core.py": "def run(): ...\nLIMIT: int = 1\n",
    "tools/ext/flask/middleware.py": "class Middleware: ...\n",
    "single.py": "value, (other, *rest) = 1, (2, 3)\nfor index in (): ...\n",
    "star/__init__.py": "from tools.core import *\n",
    "lazy/__init__.py": "def __getattr__(name): ...\n",
    "attached/__init__.py": "import lazy_loader\n__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__)\n",
    "written/__init__.py": "globals().update(load())\n",
    "replaced/__init__.py": "import sys\nsys.modules[__name__] = Other()\n",
    "patched/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    "compiled/__init__.py": "",
    "compiled/fast.cpython-313-aarch64-linux-gnu.so": "",
    "compiled/stable.abi3.so": "",
    "compiled/plain.so": "",
    "binary/__init__.abi3.so": "",
    "alone.cpython-313-x86_64-linux-gnu.so": "",
    "sourceless.pyc": "",
    "names/spaces/part.py": "",
    "matching.py": "match 1:\n    case {'a': found, **others}: ...\ntry: ...\nexcept* KeyError as caught: ...\n",
    "declared.py": "def start():\n    global started\n    started = True\n",
    "helped.py": "def add(kind):\n    import helped\n    setattr(helped, kind.__name__, kind)\n",
    "drawn/bases.py": "import sys\ndef export(cls): setattr(sys.modules[cls.__module__], 'figure', cls)\n",
    "drawn/__init__.py": "from drawn.bases import export\n@export\nclass Canvas: ...\n",
    "tools-1.0.dist-info/METADATA": "",
}


@pytest.mark.parametrize(
    "source",
    [
        "import tools.core, single, alone, sourceless, compiled.fast, names.spaces.part, binary.anything",
        "from tools import run, core, __version__, __name__, ext",
        "from tools.core import run, LIMIT",
        "from tools.ext.flask import middleware",
        "from tools.ext.flask.middleware import Middleware",
        "from single import value, other, rest, index",
        "from star import whatever\nfrom lazy import whatever\nfrom attached import whatever",
        "from written import whatever\nfrom replaced import whatever\nimport replaced.below",
        "import patched.elsewhere",
        "from compiled import fast, stable, plain\nfrom alone import whatever\nfrom binary import whatever",
        "from names import spaces\nfrom names.spaces import part\nimport names",
        "from matching import found, others, caught\nfrom declared import started",
        "import boto3.session\nfrom botocore.nosuch import thing\nimport xml.etree\nfrom six.moves import urllib",
        "from tools.core import *",
        "from helped import whatever\nfrom drawn import figure",
    ],
)
def test_what_installed_packages_have_is_found_without_false_alarms(checked: Checked, source: str) -> None:
    assert checked(source, INSTALLED) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import tools.nosuch", "there is no tools/nosuch.py"),
        ("import tools.cor", r"there is no tools/cor\.py; did you mean tools\.core\?"),
        ("from tools.nosuch import thing", "imports tools.nosuch, which is not in the package"),
        ("from tools import nosuch", r"imports tools, which has no nosuch: tools/__init__\.py does not define it"),
        ("from tools.core import runn", r"has no runn.*did you mean run\?"),
        ("import single.below", "single is a module, not a package"),
        ("from single import below", "has no below"),
        ("from names import nosuch", "has no nosuch: there is no such module"),
        ("import names.nosuch", "there is no names/nosuch.py"),
        ("import compiled.slow", "there is no compiled/slow.py"),
    ],
)
def test_submodules_and_names_are_looked_up_in_what_is_shipped(checked: Checked, source: str, message: str) -> None:
    with pytest.raises(PackagingError, match=message):
        checked(source, INSTALLED)


@pytest.mark.parametrize(
    "source",
    ["from tools.ext.flask.middleware import Middleware", "from tools.ext import flask", "import tools.ext.flask"],
)
def test_what_a_pattern_leaves_out_is_missing_and_the_pattern_named(checked: Checked, source: str) -> None:
    pattern = "!tools/ext/flask*/**"
    shipped = {name: text for name, text in INSTALLED.items() if "flask" not in name} | {"tools/ext/__init__.py": ""}
    with pytest.raises(PackagingError, match=r"'!tools/ext/flask\*/\*\*' of package\.patterns leaves"):
        checked(source, shipped, left_out={"tools/ext/flask/middleware.py": pattern})


OWN = {
    "orders/__init__.py": "from .models import Order\n",
    "orders/models.py": "class Order: ...\n",
    "orders/deep/more.py": "from .. import models\nfrom ..models import Order\nfrom . import other",
    "orders/deep/other.py": "x = 1\n",
    "src/helper.py": "",
}


def test_own_packages_are_found_by_relative_imports_and_without_an_init(checked: Checked) -> None:
    assert checked({"handler.py": "import orders.deep.more\nfrom orders import Order, models", **OWN}) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("from . import helper", "imports helper, which is relative, and the file is in no package"),
        ("from .helper import x", "is relative, and the file is in no package"),
        ("from orders import Ordr", r"orders/__init__\.py does not define it.*did you mean Order\?"),
        ("import helper", r"is in src/ of the package.*write `src\.helper`, or set PYTHONPATH to /var/task/src"),
    ],
)
def test_own_modules_that_are_missing_have_a_way_out(checked: Checked, source: str, message: str) -> None:
    with pytest.raises(PackagingError, match=message):
        checked({"handler.py": source, **OWN})


def test_a_submodule_that_a_package_may_name_otherwise_is_not_certain_to_be_loaded(checked: Checked) -> None:
    own = {"handler.py": "from lamp import dark", "lamp/dark.py": "import nowhere"}
    (notice,) = checked({**own, "lamp/__init__.py": "def __getattr__(name): ..."})
    assert notice.startswith("If it ever runs: lamp/dark.py, line 1 imports nowhere")
    with pytest.raises(PackagingError, match=r"lamp/dark\.py, line 1 imports nowhere"):
        checked({**own, "lamp/__init__.py": ""})


@pytest.mark.parametrize("name", ["Light", "Dark"])
def test_a_name_that_a_package_loads_on_demand_is_followed_to_its_module(checked: Checked, name: str) -> None:
    """lamp.dark imports a missing module, which is an error only for imports of Dark."""
    lazy = (
        "def __getattr__(name):\n    if name == 'Light':\n        from lamp.light import Light\n"
        "    elif name in ('Dark',):\n        from lamp.dark import Dark\n    return locals()[name]\n"
    )
    lamp = {"lamp/__init__.py": lazy, "lamp/light.py": "Light = 1\n", "lamp/dark.py": "import nowhere\nDark = 2\n"}
    own = {"handler.py": f"from lamp import {name}", **lamp}
    if name == "Light":
        assert checked(own) == []
    else:
        with pytest.raises(PackagingError, match=r"lamp/dark\.py, line 1 imports nowhere"):
            checked(own)


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.path.insert(0, 'vendor')",
        "import sys\nsys.path += ['vendor']",
        "import sys, os\nsys.path = [os.path.join('vendor'), *sys.path]",
        "import site\nsite.addsitedir('vendor')",
        "from sys import path\npath.append('vendor')",
        "import sys\nsys.meta_path.append(Finder())",
    ],
)
def test_a_search_path_that_code_changes_leaves_little_certain(checked: Checked, source: str) -> None:
    """`vendor/` is a usual place of dependencies; what is in no folder of the package may be on a file system."""
    (notice,) = checked({"handler.py": f"{source}\nimport found, nowhere", "vendor/found/__init__.py": ""})
    assert notice.startswith("Unless it is where sys.path leads to: handler.py")
    assert "imports nowhere" in notice
    with pytest.raises(PackagingError, match=r"there is no tools/nosuch\.py"):
        checked(f"{source}\nimport tools.nosuch", INSTALLED)


def test_folders_that_a_pth_file_adds_are_searched(checked: Checked) -> None:
    files = {"more.pth": "# a comment\nvendored\n", "vendored/found.py": ""}
    assert checked("import found", files) == []
    with pytest.raises(PackagingError, match="imports nowhere"):
        checked("import nowhere", files)
    assert len(checked("import nowhere", {**files, "code.pth": "import installer; installer.run()"})) == 1


def test_an_attribute_that_other_code_sets_is_a_name_of_the_module(checked: Checked) -> None:
    own = {"settings.py": "", "setup.py": "import settings\nsettings.stage = 'dev'\n"}
    assert checked({"handler.py": "import setup\nfrom settings import stage", **own}) == []
    own |= {"setup.py": "import settings\nfor name in names(): setattr(settings, name, 1)\n"}
    assert checked({"handler.py": "import setup\nfrom settings import stage", **own}) == []
    with pytest.raises(PackagingError, match="has no stage"):
        checked({"handler.py": "from settings import stage", **own})


def test_a_layer_of_this_service_is_searched(checked: Checked, tmp_path: Path) -> None:
    for name in ("python/pandas/__init__.py", "python/lib/python3.13/site-packages/numpy.abi3.so"):
        (tmp_path / "layer" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "layer" / name).touch()
    layer = Elsewhere(layers=(tmp_path / "layer",))
    assert checked("import pandas.core.frame, numpy\nfrom pandas import DataFrame", elsewhere=layer) == []
    with pytest.raises(PackagingError, match="imports nowhere"):
        checked("import nowhere", elsewhere=layer)


def test_layers_of_which_nothing_is_known_may_have_anything_but_parts_of_a_package(
    checked: Checked, tmp_path: Path
) -> None:
    for unknown in (
        Elsewhere(layered=("handler.handler",)),
        Elsewhere(layers=(tmp_path / "not-built-yet",)),
        Elsewhere(python_path=("/mnt/efs/lib",)),
    ):
        (notice,) = checked("import pandas", elsewhere=unknown)
        assert notice.startswith("Unless a layer has it: handler.py, line 1 imports pandas")
        with pytest.raises(PackagingError, match=r"there is no tools/nosuch\.py"):
            checked("import tools.nosuch", INSTALLED, elsewhere=unknown)


@pytest.mark.parametrize("value", ["/var/task/src", "src", "/opt/x:./src/:/var/runtime"])
def test_folders_of_pythonpath_are_searched(checked: Checked, value: str) -> None:
    assert checked({"handler.py": "import helper", **OWN}, elsewhere=Elsewhere(python_path=(value,))) == []
