"""`npm start -- --debug`: a port for each function, and an environment that listens before the first request."""

from __future__ import annotations

import json
import socket
import time
from contextlib import AbstractContextManager

import boto3

from pilotlight.ping import KEY, VERSION
from pilotlight_tools.configuration import settings_of
from pilotlight_tools.local.debug_ports import DebugPorts
from pilotlight_tools.local.deployed_stage import DeployedStage


class Debugging(AbstractContextManager["Debugging"]):
    """The debuggers' ports of a running `stage`, the first of which is `door`; it stops the schedule of the warmer.

    Ticks would wait for environments that do not come: each function has one.
    """

    def __init__(self, stage: DeployedStage, door: socket.socket) -> None:
        self._stage = stage
        keys = [key for key in stage.functions if key != stage.warmer]
        names = [stage.functions[key] for key in keys]
        self._ports = DebugPorts(door, names, stage.engine.debug_folder)
        self.ports = {key: self._ports.ports[name] for key, name in zip(keys, names, strict=True)}
        """The port of each function, by its key in serverless.yml."""

    def __enter__(self) -> Debugging:
        self._ports.__enter__()
        self.begin()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ports.__exit__(None, None, None)

    def begin(self) -> None:
        """Start the environments of the functions that answer pings, after each deployment of code too."""
        self._stage.stop_schedule()
        client = boto3.client("lambda", **self._stage.connection)
        targets = settings_of(self._stage.configuration).get("targets") or []
        for key in (target.get("function") for target in targets if isinstance(target, dict)):
            if key in self.ports:
                ping = {"version": VERSION, "ping": "debug", "index": 0, "of": 1, "hold_until": time.time()}
                client.invoke(
                    FunctionName=self._stage.functions[key], InvocationType="Event", Payload=json.dumps({KEY: ping})
                )
