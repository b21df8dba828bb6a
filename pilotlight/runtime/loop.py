"""Event in, result out: loads the handler, then asks for an event, calls the handler and posts what it returns."""

import os
import sys
from _frozen_importlib import _gcd_import  # type: ignore[attr-defined]  # what `importlib.import_module` calls

from pilotlight.runtime import FaultError, output
from pilotlight.runtime.context import LambdaContext
from pilotlight.runtime.payload import read_event, write_result
from pilotlight.runtime.runtime_api import RuntimeApi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[object, LambdaContext], object]


def main(handler_name: str, address: str) -> None:
    """Serve invocations until the process is ended. An init that fails is posted and ends the process with 1."""
    run(handler_name, RuntimeApi(address))


def run(handler_name: str, api: RuntimeApi) -> None:
    """As `main`, with the Runtime API given."""
    sink = output.opened()
    try:
        try:
            handler = load_handler(handler_name)
        except Exception as error:
            from pilotlight.runtime import failures

            failures.post_init_error(error, api)
            sys.exit(1)
        while True:
            _serve(api, handler, *api.next())
    finally:
        sink.close()


def load_handler(name: str) -> "Handler":
    """Return the function that `folder/module.function` names. Raises FaultError, and what the module raises."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise FaultError("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            message = f"Cannot use built-in module {module_name} as a handler module"
            raise FaultError("Runtime.BuiltInModuleConflict", message)
        module = _gcd_import(module_name.replace("/", "."))
    except ImportError as error:
        raise FaultError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        message = f"Syntax error in module '{module_name}': {error}"
        raise FaultError("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise FaultError("Runtime.HandlerNotFound", message) from None
    return handler


def _serve(api: RuntimeApi, handler: "Handler", headers: dict[str, str], body: bytes) -> None:
    request_id = headers["lambda-runtime-aws-request-id"]
    invocation_id = headers.get("lambda-runtime-invocation-id")
    output.request_id = request_id
    output.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        context = LambdaContext(headers)
        event = read_event(body, headers.get("content-type"))
        result, content_type = write_result(handler(event, context))
    except Exception as error:
        from pilotlight.runtime import failures

        failures.post_error(error, api, request_id, invocation_id)
    else:
        posted = result if isinstance(result, bytes) else result.encode()
        api.post_result(request_id, posted, content_type, invocation_id)
