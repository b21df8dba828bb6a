"""The builder's own sources: what it makes depends on them too, so another builder builds again."""

import functools
import hashlib
from pathlib import Path


@functools.cache
def digest() -> str:
    """A digest of the builder's modules."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()
