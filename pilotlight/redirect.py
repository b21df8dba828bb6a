"""A handler without a line of Python: `handler: pilotlight.redirect.handler` in serverless.yml.

PILOTLIGHT_HANDLER names the real one, such as `wsgi_handler.handler`, which another plugin generates. It is loaded as
Lambda would load it, and is `warmable`.
"""

from __future__ import annotations

import os
from importlib import import_module

from pilotlight.wrapping import warmable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

VARIABLE = "PILOTLIGHT_HANDLER"


def load(named: str) -> Callable[[Any, Any], Any]:
    """The handler of a name such as `folder/module.handler`. Raises ImportError that names the variable."""
    module_name, _, name = named.rpartition(".")
    if not module_name or not name or named == f"{__name__}.handler":
        raise ImportError(f"{VARIABLE} must name the service's own handler, such as module.handler, not {named!r}")
    try:
        found: Callable[[Any, Any], Any] = getattr(import_module(module_name.replace("/", ".")), name)
    except (ImportError, AttributeError) as error:
        raise ImportError(f"{VARIABLE}={named} cannot be loaded: {type(error).__name__}: {error}") from error
    return found


handler = warmable(load(os.environ.get(VARIABLE, "")))
