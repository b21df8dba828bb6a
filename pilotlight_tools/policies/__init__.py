"""Warming policies replayed against a model of Lambda's pool of execution environments: for development only."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """What `npm run policies …` and `npm run policies …` run; the exit code."""
    from pilotlight_tools.policies.command import (
        main as command,  # matplotlib is slow to import, and --help needs none of it
    )

    return command(arguments)


__all__ = ["main"]
