"""X-Ray on this machine: it receives the handler's records over UDP and serves boto3 over HTTP."""

from pilotlight_tools.local.xray.server import XRay

__all__ = ["XRay"]
