"""The names in records and metrics for the plugin's JavaScript: plugin/vocabulary.json.

`python -m pilotlight_build.vocabulary > plugin/vocabulary.json` writes it.
"""

from __future__ import annotations

import json
from typing import Any

from pilotlight import environment, metrics


def vocabulary() -> dict[str, Any]:
    """Return annotation names by meaning, and metric names by start type and by key of a tick's result."""
    annotations = {name.lower(): value for name, value in vars(environment.Annotation).items() if name.isupper()}
    return {
        "annotations": annotations,
        "kinds": list(environment.KINDS),
        "startTypes": list(environment.START_TYPES),
        "metrics": {
            "namespace": metrics.NAMESPACE,
            "starts": metrics.START_METRICS,
            "tick": {key: name for name, key in metrics.TICK_METRICS.items()},
            "coverage": metrics.COVERAGE,
            "incompleteTick": metrics.INCOMPLETE_TICK,
        },
    }


if __name__ == "__main__":
    print(json.dumps(vocabulary(), indent=2))
