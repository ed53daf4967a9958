"""What the generated resolvers load with: batches within one operation, kept in its context."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from read_api.as_of import MOMENT_COLUMNS, Asked, Moment, Question, moment_call, moment_in
from read_api.compiler.sources import Entity, Many, One, Point
from read_api.graphql.context import Context
from read_api.graphql.rows import Row
from read_api.graphql.statement import Arguments

T = TypeVar("T")
Key = tuple[UUID, ...]


def kept(context: Context, key: Hashable, make: Callable[[], T]) -> T:
    """The operation's one value of a key."""
    if key not in context.loaders:
        context.loaders[key] = make()
    found: T = context.loaders[key]
    return found


def shared(future: Awaitable[T]) -> Awaitable[T]:
    """What others may wait for too: a resolver that is cancelled, since one beside it failed, leaves it alone."""
    return asyncio.shield(future)


async def moment_of(context: Context, asked: Asked) -> Moment:
    """The moment that was asked for, resolved once per operation; raises an ApiError."""
    key = ("moment", asked.question, *sorted(asked.values.items()))
    return await shared(kept(context, key, lambda: asyncio.ensure_future(_resolved(context, asked))))


async def _resolved(context: Context, asked: Asked) -> Moment:
    arguments = Arguments()
    call = moment_call(asked, now=context.now, parameter=arguments.add)
    rows = await context.transaction.fetch(f"select {MOMENT_COLUMNS} from {call} m", *arguments.values)
    return moment_in(rows[0], asked.question)


async def entity_of(context: Context, entity: Entity, wanted: UUID, asked: Asked) -> Row | None:
    """The entity as of a moment; raises an ApiError. One statement, so that errors come in the order of the fields."""
    arguments = Arguments()
    call = moment_call(asked, now=context.now, parameter=arguments.add)
    relation = entity.relation(None if asked.question is Question.NOW else Point("m.p", "m.t"))
    key = arguments.add(wanted, "uuid")
    rows = await context.transaction.fetch(
        f"select {MOMENT_COLUMNS}, i.* from {call} m"
        f" left join lateral (select r.* from {relation} r where r.id = {key}) i on true",
        *arguments.values,
    )
    moment = moment_in(rows[0], asked.question)
    return Row(rows[0], moment) if rows[0]["id"] is not None else None


async def related(context: Context, source: One, row: Row) -> Row | None:
    """The row that a row points at, as of the same moment; its first state where it is not yet valid."""
    key = tuple(row.record[here] for _, here in source.keys)
    if key[0] is None:
        return None
    columns = tuple(there for there, _ in source.keys)
    loader: DataLoader[Key, Row | None] = kept(
        context,
        ("one", source.entity.now, columns, row.moment),
        lambda: DataLoader(load_fn=_one_by_key(context, source.entity, columns, row.moment)),
    )
    return await shared(loader.load(key))


async def members(context: Context, source: Many, row: Row) -> list[Row]:
    """The rows that point at a row, as of the same moment."""
    loader: DataLoader[UUID, list[Row]] = kept(
        context,
        ("many", source.entity.now, source.key, row.moment),
        lambda: DataLoader(load_fn=_many_by_key(context, source, row.moment)),
    )
    return await shared(loader.load(row.record["id"]))


def _one_by_key(context: Context, entity: Entity, columns: tuple[str, ...], moment: Moment) -> Callable[..., Any]:
    async def load(keys: Sequence[Key]) -> list[Row | None]:
        arguments = Arguments()
        relation = entity.relation(arguments.point(moment), early=True)
        wanted = arguments.add([key[0] for key in keys], "uuid[]")
        rows = await context.transaction.fetch(
            f"select * from {relation} i where i.{columns[0]} = any({wanted})",
            *arguments.values,
        )
        found = {tuple(row[column] for column in columns): Row(row, moment) for row in rows}
        return [found.get(key) for key in keys]

    return load


def _many_by_key(context: Context, source: Many, moment: Moment) -> Callable[..., Any]:
    async def load(keys: Sequence[UUID]) -> list[list[Row]]:
        arguments = Arguments()
        wanted = arguments.add(list(keys), "uuid[]")
        relation = source.entity.relation(arguments.point(moment), parent="parent.parent_id")
        order = ", ".join(f"i.{column}" for column in source.order)
        rows = await context.transaction.fetch(
            f"select parent.parent_id, i.* from unnest({wanted}) parent (parent_id)"
            f" cross join lateral (select * from {relation} i where i.{source.key} = parent.parent_id) i"
            f" order by {order}",
            *arguments.values,
        )
        found: dict[UUID, list[Row]] = {key: [] for key in keys}
        for row in rows:
            found[row["parent_id"]].append(Row(row, moment))
        return [found[key] for key in keys]

    return load
