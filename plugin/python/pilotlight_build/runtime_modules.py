"""What Lambda's Python runtimes include: the only list of it ("Runtime dependencies in Python", AWS Lambda guide)."""

from __future__ import annotations

import re

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

NEVER_SHIPPED = frozenset({"awslambdaric", "snapshot-restore-py"})
"""The runtime's own client: names in requirements that no package ships."""

AWS_SDK = frozenset(_MODULES) - NEVER_SHIPPED
"""boto3 and what it needs: names in requirements that the package leaves out, unless a setting ships them."""

RUNTIME_DISTRIBUTIONS = frozenset(_MODULES)
"""Their names in requirements: the package leaves them out."""

RUNTIME_MODULES = frozenset(module for modules in _MODULES.values() for module in modules)
"""Their names in imports: Lambda has these modules, so the package need not."""

RUNTIME_FOLDERS = RUNTIME_MODULES | {name.replace("-", "_") for name in RUNTIME_DISTRIBUTIONS}
"""The first part of the names of their installed files and folders, including .dist-info."""


def normalised(name: str) -> str:
    """The name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
