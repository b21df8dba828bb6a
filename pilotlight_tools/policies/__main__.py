"""`npm run policies`."""

import sys

from pilotlight_tools.policies import main

if __name__ == "__main__":
    sys.exit(main())
