"""From a tick to its coverage. Nobody waits here, so these modules may import what they need.

`policy` decides how many pings are wanted now and how many fit, with `targets`, `headroom`, `throttle` and `sizing`;
`tick` sends them through `fanout`, held as long as `hold` has learned, and counts the environments whose `replies` come
back. This module imports nothing, so that checking `targets` needs no boto3.
"""
