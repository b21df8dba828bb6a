"""Which replies count: those of execution environments that run the deployed build.

The expected build is the target's, or else the warmer's own, because our packaging gives all functions one package.
But `sls deploy function` updates one function alone: where no reply has that build, and all have one other, that one
counts.
A build that is not known counts as any build: not every package is made by `pilotlight_build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from pilotlight.ping import PingReply


def deployed_build(replies: Collection[PingReply], own: str) -> str:
    """The build that counts, from the newest replies and the warmer's own build; empty where any build counts."""
    known = {reply["build"] for reply in replies} - {""}
    if not own or not known:
        return ""
    return known.pop() if len(known) == 1 else own


def is_deployed(reply: PingReply, deployed: str) -> bool:
    """Whether an execution environment counts that gave this reply."""
    return not deployed or reply["build"] in ("", deployed)


def causes(replies: Collection[PingReply], deployed: str, own: str) -> tuple[str, ...]:
    """What a person has to know about the builds: which environments do not count, and why others than `own` do."""
    older = [reply for reply in replies if not is_deployed(reply, deployed)]
    found = []
    if older:
        run = "execution environment runs" if len(older) == 1 else "execution environments run"
        builds = ", ".join(sorted({_described(reply) for reply in older}))
        found.append(f"{len(older)} {run} an older build than the deployed one: {builds} instead of {deployed}")
    if deployed not in ("", own):
        found.append(
            f"all execution environments run the build {deployed} and the warmer expects {own}, as after `sls deploy "
            f"function`: they count; `sls deploy` gives both the same build"
        )
    return tuple(found)


def _described(reply: PingReply) -> str:
    return f"{reply['build']} (Pilotlight {reply['version']})" if reply["version"] else reply["build"]
