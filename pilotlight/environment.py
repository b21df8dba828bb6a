"""This execution environment: its identity, the start of each invocation, what it has served; and the terms for these.

Start types ("Understanding the Lambda execution environment lifecycle" in the AWS documentation):

- `cold`: this invocation waited for the init.
- `warm`: the environment had served an invocation before.
- `proactive`: Lambda initialised the environment ahead of need; the first invocation came long after the init.
- `provisioned`: the first invocation of an environment of provisioned concurrency.
- `restored`: the first invocation after a SnapStart restore.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    Kind = Literal["request", "ping", "tick"]
    Start = Literal["cold", "warm", "proactive", "provisioned", "restored"]

KINDS = ("request", "ping", "tick")
"""What is recorded: a user's request, the warmer's ping, and the warmer's own tick."""
START_TYPES = ("cold", "warm", "proactive", "provisioned", "restored")
"""The starts that an invocation can meet, as described above."""
TICK_ANNOTATIONS = ("requested", "unique", "cold", "failed", "throttled", "hold_ms", "exposed_ms", "coverage")
"""The values of a tick's result that are annotations of its record, under the same names."""
ON_DEMAND = "on-demand"
"""The value of AWS_LAMBDA_INITIALIZATION_TYPE where an invocation waits for the init."""
PROACTIVE_AFTER_SECONDS = 10.0
"""From this age on, a first invocation did not wait for the init: Lambda allows an init 10 s in all."""


class Annotation:
    """The names of a record's annotations, by which X-Ray groups, the report and the dashboard filter."""

    SERVICE = "service"
    KIND = "kind"
    START = "start"
    COLD_START = "cold_start"
    ENVIRONMENT = "environment"
    INIT_MS = "init_ms"
    ROUTE = "route"
    STATUS = "status"
    WARMED_BY_PING = "warmed_by_ping"
    FUNCTION = "function"


class ExecutionEnvironment:
    """What one process of the function knows about itself. Lambda gives it one invocation at a time.

    Values that must differ between environments are made at the first invocation: SnapStart clones what init made.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, process_age: Callable[[], float | None] | None = None
    ) -> None:
        self._clock = clock
        self._process_age = process_age or seconds_since_process_start
        self._identity = ""
        self.init_ended_at = clock()
        self._init_seconds: float | None = None
        self.init_ms: float | None = None
        self.made_by: Kind | None = None
        self.served = 0
        self.prewarmed = False
        self._pings: int | None = None

    def end_init(self) -> None:
        """Record that the function's own module is loaded, and how long that took.

        Call it in init: Lambda gives init more CPU than the invocations after it.
        """
        self.init_ended_at = self._clock()
        self._init_seconds = self._process_age()

    @property
    def identity(self) -> str:
        """16 hex digits, distinct for each execution environment, made on first use."""
        if not self._identity:
            self._identity = os.urandom(8).hex()
        return self._identity

    @property
    def initialization(self) -> str:
        """How Lambda initialised this environment: `on-demand`, `provisioned-concurrency` or `snap-start`."""
        return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ON_DEMAND)

    @property
    def warmed_by_ping(self) -> bool:
        """Whether a ping met the start of this environment, so that no user met it."""
        return self.made_by == "ping"

    @property
    def age_ms(self) -> float:
        """Milliseconds since the init ended."""
        return max(0.0, (self._clock() - self.init_ended_at) * 1000)

    def arrive(self, kind: Kind) -> Start:
        """Count an invocation, and return the start that it met. A ping uses up the coldness like a request."""
        if kind == "request":
            self.served += 1
        if self.made_by is not None:
            return "warm"
        self.made_by = kind
        return self._first_start()

    def reset_served(self) -> int:
        """Return the number of user requests since the last ping (or the init), and reset it to 0."""
        served, self.served = self.served, 0
        return served

    def replace_pings(self, pings: int) -> int | None:
        """Store the number of pings of this tick; return that of the tick before, None at the first ping."""
        before, self._pings = self._pings, pings
        return before

    def _first_start(self) -> Start:
        initialization = self.initialization
        if initialization == "snap-start":
            return "restored"  # the process started before the snapshot, so the init duration is unknown
        since_init = max(0.0, self._clock() - self.init_ended_at)
        if self._init_seconds is None and (age := self._process_age()) is not None:
            self._init_seconds = age - since_init
        if self._init_seconds is not None:
            self.init_ms = round(max(0.0, self._init_seconds) * 1000, 1)
        if initialization == "provisioned-concurrency":
            return "provisioned"
        return "proactive" if since_init >= PROACTIVE_AFTER_SECONDS else "cold"


def service_name() -> str:
    """The API's name and stage, as `apiName` in serverless.yml; outside a deployment the function's name."""
    return os.environ.get("PILOTLIGHT_SERVICE") or os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "pilotlight"


def seconds_since_process_start() -> float | None:
    """How long ago this process started, by the kernel's clock (steps of 10 ms); None where there is no /proc."""
    try:
        descriptor = os.open("/proc/self/stat", os.O_RDONLY)
        try:
            status = os.read(descriptor, 4096)
        finally:
            os.close(descriptor)
        start_ticks = int(status[status.rindex(b")") + 2 :].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return None
