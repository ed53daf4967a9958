"""The tenant that the commands of a load are about, and who sends them."""

from datetime import timedelta

import write_side.bootstrap
from event_schemas.pipeline import StageCategory
from event_schemas.streams import TenantId
from read_api.authentication import Role, Tokens
from tests.support.fault_load import PIPELINE, USERS
from tests.support.fault_stack import TOKEN_SECRET
from tests.support.secrets import MASTER
from write_side.application.requests import Request
from write_side.domain.decider import Command
from write_side.domain.pipeline import DefinePipeline, NewStage
from write_side.domain.user import CreateUser


def token() -> str:
    """An admin's."""
    tokens = Tokens(TOKEN_SECRET.encode(), clock=write_side.bootstrap.system_clock)
    return tokens.issue(tenant="demo", user_id="load", role=Role.ADMIN, lifetime=timedelta(hours=5))


async def organised(url: str) -> None:
    """A pipeline and users are there afterwards."""
    stages = (
        NewStage(name="New", probability=10, category=StageCategory.OPEN),
        NewStage(name="Won", probability=100, category=StageCategory.WON),
        NewStage(name="Lost", probability=0, category=StageCategory.LOST),
    )
    commands: list[Command] = [DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=stages)]
    commands += [CreateUser(id=user, name=f"User {number}") for number, user in enumerate(USERS)]
    async with write_side.bootstrap.postgres_store(url, master_secret=MASTER) as store:
        transact = write_side.bootstrap.transactor(store=store, master_secret=MASTER).transact
        for command in commands:
            request = Request(tenant=TenantId("demo"), actor="load", source="test", sent={"id": str(command.id)})
            await transact(command, request)
