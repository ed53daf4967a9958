"""Cards from Redis or Valkey, as the projections keep them: hashes ``card:<tenant>:<id>`` with a JSON ``body``."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from event_schemas.streams import TenantId
from read_api.cards import Card, CardsUnavailable

_decode = msgspec.json.Decoder(Card).decode


class RedisCards:
    """``Cards`` over one client."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def get(self, tenant: TenantId, ids: Sequence[UUID]) -> Mapping[UUID, Card]:
        """Those that there are, in one round trip; an entry without a body is the tombstone of a card."""
        pipeline = self._client.pipeline(transaction=False)
        for each in ids:
            pipeline.hget(f"card:{tenant}:{each}", "body")
        try:
            bodies = await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise CardsUnavailable(f"the cards cannot be read: {type(error).__name__}: {error}") from error
        return {each: _decode(body) for each, body in zip(ids, bodies, strict=True) if body}
