"""The page's modules, joined to one script: what each imports stands before it, and each keeps its names to itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pilotlight_tools.latency.page import live_page, static_page
from pilotlight_tools.latency.page_script import page_script
from tests.support import reports

TRICK = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Two modules with one name in both, which a third imports from one of them, over several lines."""
    (tmp_path / "main.js").write_text(
        "import './third.js';\nimport {\n  double,\n  SIZE,\n} from './other.js';\n\nconst hidden = 1;\n"
        "console.log(double(SIZE) + hidden);\n"
    )
    (tmp_path / "other.js").write_text(
        "import { three } from './third.js';\n\nconst hidden = 2;\nexport const SIZE = 20;\n"
        "export function double(n) {\n  return hidden * n + three();\n}\n"
    )
    (tmp_path / "third.js").write_text("const hidden = 3;\nexport function three() {\n  return hidden;\n}\n")
    return tmp_path


def test_it_does_what_the_modules_do(modules: Path) -> None:
    script = page_script(modules)
    assert "import" not in script
    assert "export" not in script
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    assert done.stdout == "44\n"


def test_each_module_is_there_once(modules: Path) -> None:
    assert page_script(modules).count("const of_third =") == 1


def test_the_page_is_small_and_loads_nothing() -> None:
    """Checked without a browser: no address in the markup, and its Content-Security-Policy forbids every load."""
    for page in (static_page(reports.typical_day()), live_page("shop")):
        assert len(page.encode()) < 700_000
        assert "default-src 'none'" in page
        markup = page[: page.index('<script type="application/json"')]
        for load in ('src="', "@import", "url(http", '<link rel="stylesheet'):
            assert load not in markup
    assert "connect-src 'none'" in static_page(reports.typical_day())
    assert "connect-src 'self'" in live_page("shop")


def test_no_name_ends_the_script_that_holds_it() -> None:
    page = static_page(reports.hostile_names())
    assert page.count("</script>") == 2, "of the data and of the script"
    assert TRICK not in page
    assert "&lt;/script&gt;" in live_page(TRICK)
