"""What /var/runtime/bootstrap.py does on Lambda before it runs `awslambdaric`: search path and PYTHONPATH.

Written after what AWS's base images (public.ecr.aws/lambda/python) contain, for Python 3.11 and newer. In the sandbox,
this file's folder is LAMBDA_RUNTIME_DIR.
"""

from __future__ import annotations

import os
import site
import sys

import awslambdaric.__main__  # type: ignore[import-untyped]

_LAYERS = (f"/opt/python/lib/python3.{sys.version_info[1]}/site-packages", "/opt/python")


def _main() -> None:
    has_own_path = "PYTHONPATH" in os.environ
    if not has_own_path:
        sys.path[:0] = [*_LAYERS, f"/var/lang/lib/python3.{sys.version_info[1]}/site-packages"]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    site.addsitedir(os.environ["LAMBDA_TASK_ROOT"])
    if not has_own_path:
        for layer in _LAYERS:
            site.addsitedir(layer)
        os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]
    awslambdaric.__main__.main([os.environ["LAMBDA_TASK_ROOT"], os.environ["_HANDLER"]])


if __name__ == "__main__":
    _main()
