"""X-Ray groups: names for filter expressions."""

from __future__ import annotations

from typing import Any

Group = dict[str, Any]

_ARN = "arn:aws:xray:us-east-1:000000000000:group/"


class Groups:
    """The X-Ray groups, with the group `Default`, which always exists and contains every trace.

    Unlike in X-Ray, a group here applies to earlier traces too: it is evaluated when traces are read.
    """

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {"Default": _group("Default", "", None)}

    def all(self) -> list[Group]:
        return list(self._groups.values())

    def get(self, key: str) -> Group:
        """Return the group with this name or ARN. Raises KeyError when there is none."""
        for group in self._groups.values():
            if key in {group["GroupName"], group["GroupARN"]}:
                return group
        raise KeyError(f"There is no group '{key}'")

    def expression(self, key: str) -> str:
        """Return the filter expression of a group by name or ARN; empty when it contains every trace."""
        return str(self.get(key).get("FilterExpression", ""))

    def create(self, name: str, expression: str, insights: dict[str, bool] | None) -> Group:
        """Create a group. Raises ValueError when the name is taken, as `Default` always is."""
        if name in self._groups:
            raise ValueError(f"The group '{name}' already exists")
        self._groups[name] = _group(name, expression, insights)
        return self._groups[name]

    def delete(self, key: str) -> dict[str, Any]:
        name = self.get(key)["GroupName"]
        if name == "Default":
            raise ValueError("The group 'Default' cannot be deleted")
        del self._groups[name]
        return {}


def _group(name: str, expression: str, insights: dict[str, bool] | None) -> Group:
    configuration = {"InsightsEnabled": False, "NotificationsEnabled": False} | (insights or {})
    group = {"GroupName": name, "GroupARN": f"{_ARN}{name}", "InsightsConfiguration": configuration}
    return group | ({"FilterExpression": expression} if expression else {})
