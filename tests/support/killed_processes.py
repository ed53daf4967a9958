"""The program of a process that is killed: ``python -m tests.support.killed_processes URL before|after``.

It runs the process managers and sends itself SIGKILL right before, or right after, the first command that they send.
"""

import asyncio
import os
import signal
import sys

import write_side.bootstrap
from tests.support.secrets import MASTER
from write_side.application.requests import Outcome, Request
from write_side.domain.decider import Command


async def main(url: str, moment: str) -> None:
    """Ends by SIGKILL, or never."""
    async with write_side.bootstrap.postgres_store(url, master_secret=MASTER) as store:
        transactor = write_side.bootstrap.transactor(store=store, master_secret=MASTER)

        async def transact(command: Command, request: Request) -> Outcome:
            if moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            outcome = await transactor.transact(command, request)
            os.kill(os.getpid(), signal.SIGKILL)
            return outcome

        async with write_side.bootstrap.process_managers(url, store=store, transact=transact):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
