"""Several view groups in one process: a Faust app for each, and the trouble of one is not that of the others."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from projections.engines.faust_app import LaneApp
from projections.engines.lane_status import LaneStatus

_AGAIN_S: Final = 1.0
_LET_GO_S: Final = 3.0

_log = logging.getLogger(__name__)


class Group:
    """One view group: an app that is made anew when it crashes."""

    def __init__(self, name: str, make: Callable[[], LaneApp]) -> None:
        self.name = name
        self._make = make
        self._status = LaneStatus(name)
        self._app: LaneApp | None = None

    @property
    def status(self) -> LaneStatus:
        """How it does in this process."""
        follower = getattr(self._app, "follower", None)
        if follower is not None:
            self._status = follower.status
        return self._status

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._run_once()
            await asyncio.sleep(_AGAIN_S)  # whatever made it crash may be over by then

    async def _run_once(self) -> None:
        self._app = app = self._make()
        try:
            await app.start()
            await app.wait_until_stopped()
        except Exception as error:  # noqa: BLE001  # what Faust, or Kafka's client, ends with: the group begins again
            self._crashed(error)
        finally:
            await _stopped(app)
        if app.crash_reason is not None:
            self._crashed(app.crash_reason)

    def _crashed(self, reason: BaseException) -> None:
        what = f"{type(reason).__name__}: {reason}"
        _log.warning("view group %s begins again after %s", self.name, what)
        self.status.waits_for = what


async def _stopped(app: LaneApp) -> None:
    """Let go of everything; who is cancelled meanwhile ends afterwards, and does not begin again."""
    stopping = asyncio.ensure_future(app.stop())
    try:
        await asyncio.wait({stopping}, timeout=_LET_GO_S)
    except asyncio.CancelledError:
        await asyncio.wait({stopping}, timeout=_LET_GO_S)
        raise
    finally:
        if not stopping.done():
            _log.error("%s does not end", app)


async def run_groups(groups: Sequence[Group], *, until: asyncio.Event) -> None:
    """All of them, until told to end."""
    tasks = [asyncio.create_task(group.run(), name=f"view group {group.name}") for group in groups]
    try:
        await until.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for group in groups:
            _say_goodbye(group.status)


def _say_goodbye(status: LaneStatus) -> None:
    _log.info(
        "view group %s ends at %d: %d gaps, %d events read in the log, %d duplicates and %d foreign records skipped",
        *(status.group, status.position, status.gaps, status.healed, status.duplicates, status.foreign),
    )
