"""The plugin's JavaScript writes groups, dashboard and alarms in the words that the deployed code records in."""

from __future__ import annotations

import json

from pilotlight_build.vocabulary import vocabulary
from tests.support.project import PROJECT


def test_the_words_that_javascript_reads_are_the_deployed_codes() -> None:
    """Make it anew with: python -m pilotlight_build.vocabulary > plugin/vocabulary.json"""
    assert json.loads((PROJECT / "plugin" / "vocabulary.json").read_text()) == vocabulary()
