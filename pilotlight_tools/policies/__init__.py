"""Warming policies, simulated on a model of Lambda's pool of execution environments. For development only."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `npm run policies`; return the exit code."""
    # Imported here: whoever imports a submodule does not need the command.
    from pilotlight_tools.policies.command import main as command

    return command(arguments)


__all__ = ["main"]
