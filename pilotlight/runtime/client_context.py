"""The client context of an invocation by a mobile application. Loaded with the first one."""

from pilotlight.runtime import Described, filled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Client(Described):
    """The mobile application that called."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023 (shown in this order)


class ClientContext(Described):
    """What the caller passed as client context."""

    __slots__ = ("custom", "env", "client")  # noqa: RUF023 (shown in this order)


def client_context(values: "Any") -> "Any":
    """Return the client context that these values describe."""
    context = filled(ClientContext(), values)
    context.client = filled(Client(), context.client)
    return context
