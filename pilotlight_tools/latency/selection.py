"""Which requests a report is about: all, or those of one route or of one function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """`route` is a route with or without its method, `function` a function's name or its key in serverless.yml."""

    route: str | None = None
    function: str | None = None

    def includes(self, route: str, function: str) -> bool:
        """Whether a request is selected, by its method and route and by its function's name."""
        if self.route is not None and self.route not in (route, route.partition(" ")[2]):
            return False
        return self.function is None or function == self.function or function.endswith(f"-{self.function}")

    def includes_function(self, function: str) -> bool:
        """Whether what concerns a whole function, as a tick does, is about what is selected."""
        return Selection(function=self.function).includes("", function)

    def __bool__(self) -> bool:
        return self.route is not None or self.function is not None

    def __str__(self) -> str:
        parts = (("route", self.route), ("function", self.function))
        return ", ".join(f"{what} {name}" for what, name in parts if name is not None)
