"""Draw the dashboard of a packaged stage with a simulated afternoon, to see how it reads.

    npx sls package --stage prod
    .venv/bin/python -m pilotlight_tools.dashboard_preview docs/dashboard.png

The layout, titles, labels, colours and expressions are the template's. The figures are those of `history`: six hours
with a release at 13:00, after which no execution environment was left until users and the next tick made new ones, two
bursts of more users than were warm, and a tick of which two pings failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pilotlight_tools.dashboard_preview.drawing import draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the preview; the exit code is 0, 1 for a problem, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m pilotlight_tools.dashboard_preview", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("output", type=Path, help="the PNG to write")
    default = Path(".serverless/cloudformation-template-update-stack.json")
    parser.add_argument(
        "--template", type=Path, default=default, help="the output of `sls package` (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        resources = json.loads(options.template.read_text(encoding="utf-8"))["Resources"]
        body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    except FileNotFoundError:
        print(f"error: {options.template} does not exist: run `npx sls package --stage prod`", file=sys.stderr)
        return 1
    except KeyError:
        print(f"error: {options.template} has no dashboard: its stage has `observability: false`", file=sys.stderr)
        return 1
    draw(body, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
