"""Where a function fails at import: its traceback in the log, and an error as of any other invocation.

The engine's worker tells only the exception's text, and its log is lost: no file, no line. On AWS both are in the log
("Troubleshoot deployment issues in Lambda", "Runtime.ImportModuleError"). An import that ends the process by
`sys.exit` is an error too.
"""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime

FAILED_INIT = "failed_init"
"""Stands in the result of an invocation whose execution environment did not start."""
_REPORT = """\
    except Exception as e:
        _real_stdout.write(json.dumps({"status": "error", "error": str(e)})"""
_REPORT_INSTEAD = """\
    except BaseException as e:
        traceback.print_exc()
        sys.stderr.flush()
        _real_stdout.write(json.dumps({"status": "error", "error": type(e).__name__ + ": " + str(e)})"""


def install() -> None:
    """Change the engine's workers. Raises ValueError or AttributeError where they are not as expected."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_REPORT) != 1:
        raise ValueError("its Python worker reports a failed import in another way")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_REPORT, _REPORT_INSTEAD)
    invoke, kill = lambda_runtime.Worker.invoke, lambda_runtime.kill_workers

    def invoke_or_report(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        try:
            return invoke(self, event, request_id, **options)
        except Exception as error:
            log = self._drain_stderr()
            kill([self])  # the next invocation starts another process
            return {"status": "error", "error": str(error), "log": log, "cold_start": True, FAILED_INIT: True}

    lambda_runtime.Worker.invoke = invoke_or_report
