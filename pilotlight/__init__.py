"""What the API and its warmer share. Nothing in here knows a route, and importing it costs only the standard library.

``routing`` and ``proxy`` carry a request in and its answer out, ``environment`` knows what start the request met,
``tracing`` and ``metrics`` write it down, ``ping`` answers the warmer, ``entry`` puts them in order.
"""

__version__ = "0.1.0"
