"""The folder of this project."""

from pathlib import Path

PROJECT = Path.cwd()
"""`npm test` and `npm run check` run pytest in the project's folder."""
