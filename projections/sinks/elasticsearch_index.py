"""The index that is searched: what it is like, and that it is there, behind its alias."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError, TransportError

from projections.errors import SinkUnavailable

PREFIX: Final = "crm"
_TRIES: Final = 5
_START: Final = "10s"


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors as ours: whatever it is, the server cannot work now."""
    try:
        yield
    except (ApiError, TransportError) as error:
        raise SinkUnavailable(f"Elasticsearch: {type(error).__name__}: {error}") from error


def alias_of(prefix: str) -> str:
    """Under which entries are written and searched."""
    return f"{prefix}-search"


class Index:
    """Everybody goes through the alias; the index behind it is named for the version of what it holds.

    Entries are made again from the log, so an index of other code is replaced, not converted.
    """

    def __init__(self, client: AsyncElasticsearch, *, prefix: str, version: int) -> None:
        self._client = client
        self._was_started = False
        self.alias = alias_of(prefix)
        self.name = f"{self.alias}-v{version}-{sha256(_definition().encode()).hexdigest()[:8]}"

    async def ensure(self) -> None:
        """Make it where it is not there; several owners may do so at once. Raises SinkUnavailable."""
        with translated():
            for _ in range(_TRIES):
                found = await self._behind()
                if found == {self.name}:
                    await self._started()
                    return
                await self._create()
                await self._put_behind_alias(others=found - {self.name})
        raise SinkUnavailable(f"Elasticsearch: others change the index behind {self.alias} all the time")

    async def _behind(self) -> set[str]:
        try:
            return set(await self._client.indices.get_alias(name=self.alias))
        except NotFoundError:
            return set()

    async def _started(self) -> None:
        """Another owner may have made it just now; a new index is said to be yellow before it can be read."""
        if not self._was_started:
            health = await self._client.cluster.health(
                index=self.name, wait_for_active_shards=1, wait_for_no_initializing_shards=True, timeout=_START
            )
            if health["timed_out"]:
                raise SinkUnavailable(f"Elasticsearch: {self.name} has not started within {_START}")
            self._was_started = True

    async def _create(self) -> None:
        try:
            await self._client.indices.create(index=self.name, **json.loads(_definition()))
        except ApiError as error:
            if error.error != "resource_already_exists_exception":
                raise

    async def _put_behind_alias(self, *, others: set[str]) -> None:
        """In one step, so that nobody finds two or none; who comes second looks again."""
        actions: list[dict[str, Any]] = [{"add": {"index": self.name, "alias": self.alias}}]
        actions += [{"remove_index": {"index": each}} for each in sorted(others)]
        try:
            await self._client.indices.update_aliases(actions=actions)
        except NotFoundError:
            return


@cache
def _definition() -> str:
    return files("projections.sinks").joinpath("elasticsearch.json").read_text(encoding="utf-8")
