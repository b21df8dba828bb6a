"""From a tick to its coverage. Nobody waits here, so these modules may import what they need.

`policy` decides how many pings are wanted now and how many fit, with `targets`, `headroom`, `throttle` and `sizing`;
`tick` goes as many `rounds` as it takes: pings out through `fanout`, held as long as `hold` has learned, `replies` in,
environments of the deployed `builds` counted, `results` out. All of it ends by the `deadline`. This module imports
nothing, so that checking `targets` needs no boto3.
"""
