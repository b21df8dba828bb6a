"""The lean runtime client: it receives events and posts results in place of AWS's `awslambdaric`, where asked to."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FaultError(Exception):
    """An invocation or an init that failed outside the handler, with the type that Lambda knows it by."""

    def __init__(self, error_type: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace


class Described:
    """Shows the values of `_shown`, or of its slots."""

    __slots__ = ()

    def __repr__(self) -> str:
        names = getattr(self, "_shown", self.__slots__)
        values = ",".join(f"{name}={getattr(self, name)}" for name in names)
        return f"{type(self).__name__}([{values}])"


def filled(made: "Any", values: "Any") -> "Any":
    """Set each slot from the value of its name, None where there is none. None makes None."""
    if values is None:
        return None
    for name in made.__slots__:
        setattr(made, name, values.get(name, None))
    return made
