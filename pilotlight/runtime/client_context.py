"""The client context of an invocation by a mobile application. Loaded with the first one."""

from pilotlight.runtime.context import Described, filled


class Client(Described):
    """The mobile application that called."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(Described):
    """What the caller passed as client context."""

    __slots__ = ("custom", "env", "client")


def client_context(values):
    """Return the client context that these values describe."""
    context = filled(ClientContext(), values)
    context.client = filled(Client(), context.client)
    return context
