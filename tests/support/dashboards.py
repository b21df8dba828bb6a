"""The widgets of a packaged service's dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.support.template import Packaged


def widgets(package: Packaged) -> list[dict[str, Any]]:
    """The widgets, of a body with no variables but the deployment's own and an HTTP API of the stack."""
    body = package.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    variables = set(re.findall(r"\$\{([^}]*)\}", body)) - {"AWS::Region", "AWS::Partition", "AWS::AccountId"}
    assert variables <= {"HttpApi"} & package.resources.keys()
    result: list[dict[str, Any]] = json.loads(body)["widgets"]
    return result


def graphs(package: Packaged) -> dict[str, dict[str, Any]]:
    """The widgets with a title, by it."""
    found = [widget for widget in widgets(package) if "title" in widget["properties"]]
    assert len({widget["properties"]["title"] for widget in found}) == len(found)
    return {widget["properties"]["title"]: widget for widget in found}


def assert_filled(widgets: Sequence[dict[str, Any]]) -> None:
    """24 columns, no overlap and no gap, and every graph has a title of its own and a unit."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells
    assert taken == {(x, y) for x in range(24) for y in range(max(y for _, y in taken) + 1)}
    graphs = [widget["properties"] for widget in widgets if widget["type"] == "metric"]
    assert all(graph["yAxis"]["left"]["label"] for graph in graphs)
    titles = [widget["properties"]["title"] for widget in widgets if widget["type"] != "text"]
    assert len(set(titles)) == len(titles)
