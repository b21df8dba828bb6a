"""X-Ray on this machine: what the handler sends goes in over UDP, what boto3 asks for comes out over HTTP."""

from pilotlight_tools.local.xray.server import XRay

__all__ = ["XRay"]
