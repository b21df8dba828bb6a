"""The scheduled function: a tick in, verified coverage out."""

from pilotlight.warmer import handler

__all__ = ["handler"]
