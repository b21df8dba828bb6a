"""`pip install .` in the repository's folder: builds the wheel `pilotlight` by its own project table.

The repository's pyproject.toml has none, because it is the service's: what is deployed, tested and linted.
"""

import os
from pathlib import Path

from hatchling.build import *  # noqa: F403 (the hooks of PEP 517 and PEP 660)

os.chdir(Path(__file__).with_name("pilotlight"))
