"""The plugin's JavaScript uses the names that the deployed code records."""

from __future__ import annotations

import json

from pilotlight_build.vocabulary import vocabulary
from tests.support.project import PROJECT


def test_javascript_reads_the_names_of_the_deployed_code() -> None:
    """To update it: python -m pilotlight_build.vocabulary > plugin/vocabulary.json"""
    assert json.loads((PROJECT / "plugin" / "vocabulary.json").read_text()) == vocabulary()
