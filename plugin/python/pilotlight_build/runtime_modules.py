"""What Lambda's Python runtimes bring: the one list of it ("Runtime dependencies in Python", AWS Lambda guide)."""

from __future__ import annotations

_MODULES = {
    "awslambdaric": ("awslambdaric", "snapshot_restore_py"),  # the second is a distribution that only the first needs
    "boto3": ("boto3",),
    "botocore": ("botocore",),
    "jmespath": ("jmespath",),
    "python-dateutil": ("dateutil",),
    "s3transfer": ("s3transfer",),
    "six": ("six",),
    "urllib3": ("urllib3",),
}

RUNTIME_DISTRIBUTIONS = frozenset(_MODULES)
"""By their names as requirements have them: the package leaves them out."""

RUNTIME_MODULES = frozenset(module for modules in _MODULES.values() for module in modules)
"""By their names as imports have them: an import of one leads somewhere on Lambda."""

RUNTIME_FOLDERS = RUNTIME_MODULES | {name.replace("-", "_") for name in RUNTIME_DISTRIBUTIONS}
"""What their files and folders begin with, .dist-info too, where pip has installed them."""
