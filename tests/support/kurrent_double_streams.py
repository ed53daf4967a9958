"""The Streams service of the protocol double, and Gossip: the log's rules, spoken over gRPC."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import grpc  # type: ignore[import-untyped] # it has no types, nor has what is generated for it

from tests.support.kurrent_double_faults import Faults
from tests.support.kurrent_double_log import (
    ANY,
    EXISTS,
    LINK,
    MAX_APPEND,
    NO_STREAM,
    AppendTooLarge,
    DoubleLog,
    InvalidPosition,
    Proposed,
    Record,
    StreamDeleted,
    StreamNotFound,
    WrongExpectedVersion,
)
from tests.support.kurrent_double_protocol import protocol

Wanted = Callable[[Record], bool]
_EXPECTED = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": EXISTS}


class DoubleStreams:
    """Methods of the generated ``StreamsServicer``, for one server that shows a log."""

    def __init__(self, log: DoubleLog, faults: Faults, *, leader: Callable[[], tuple[str, int] | None]) -> None:
        self._log = log
        self._faults = faults
        self._leader = leader
        self._late: list[Callable[[], object]] = []
        self._grown = asyncio.Condition()
        self.streams, self.shared, self.status = protocol("streams_pb2"), protocol("shared_pb2"), protocol("status_pb2")
        self.called: list[str] = []
        """Names of the methods, in the order of calls."""
        self.subscribed_from: list[int | None] = []
        """Where subscriptions to $all were to go on; None for the start."""

    async def BatchAppend(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:  # noqa: N802 -- the protocol names it
        async for request in requests:
            await self._enter("BatchAppend", context)
            options = request.options
            expected = _expected(options, "expected_stream_position", "stream_position")
            stream = options.stream_identifier.stream_name.decode()
            events = [_proposed(message) for message in request.proposed_messages]
            if self._faults.take("late_commits"):
                self._late.append(partial(self._log.append, stream, expected, events))
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the double: answered before it is committed")
            answer = self._appended(stream, expected, events)
            answer.correlation_id.CopyFrom(request.correlation_id)
            await self.tell_of_growth()
            if self._faults.take("lost_answers"):
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the double: the answer is lost")
            yield answer

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol names it
        await self._end("Delete", request, context, self._log.delete)
        return self.streams.DeleteResp(no_position=self.shared.Empty())

    async def Tombstone(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol names it
        await self._end("Tombstone", request, context, self._log.tombstone)
        return self.streams.TombstoneResp(no_position=self.shared.Empty())

    async def Read(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802 -- the protocol names it
        await self._enter("Read", context)
        options = request.options
        try:
            if options.WhichOneof("count_option") == "subscription":
                async for answer in self._subscription(options, context):
                    yield answer
            else:
                records = (
                    self._of_stream(options)
                    if options.WhichOneof("stream_option") == "stream"
                    else self._of_all(options)
                )
                async for answer in self._sent(records[: options.count], options, context):
                    yield answer
        except InvalidPosition:
            await context.abort(grpc.StatusCode.UNKNOWN, "Trying to read from an invalid position.")
        except StreamDeleted as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"Event stream '{error}' is deleted.")
        except StreamNotFound:
            identifier = options.stream.stream_identifier
            yield self.streams.ReadResp(
                stream_not_found=self.streams.ReadResp.StreamNotFound(stream_identifier=identifier)
            )

    async def tell_of_growth(self) -> None:
        """Subscriptions look again."""
        async with self._grown:
            self._grown.notify_all()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that calls change."""
        async with asyncio.timeout(20), self._grown:
            await self._grown.wait_for(condition)

    async def _enter(self, method: str, context: Any) -> None:
        """What may go wrong with every call."""
        self.called.append(method)
        try:
            await self._fail(method, context)
        finally:
            await self.tell_of_growth()

    async def _fail(self, method: str, context: Any) -> None:
        while method == "BatchAppend" and self._late:
            with suppress(WrongExpectedVersion):
                self._late.pop()()
        if self._faults.take_unavailable(method):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the double: unavailable")
        needs_leader = ("requires-leader", "true") in {(key, value) for key, value in context.invocation_metadata()}
        leader = self._leader()
        if needs_leader and (leader is not None or self._faults.take("not_leader")):
            host, port = leader or ("", 0)
            metadata = (("leader-endpoint-host", host), ("leader-endpoint-port", str(port)))
            await context.abort(grpc.StatusCode.NOT_FOUND, "Leader info available", metadata)

    def _appended(self, stream: str, expected: int, events: list[Proposed]) -> Any:
        answer = self.streams.BatchAppendResp()
        try:
            last = self._log.append(stream, expected, events)
        except WrongExpectedVersion as error:
            wrong = self.shared.WrongExpectedVersion()
            if error.current == NO_STREAM:
                wrong.current_no_stream.SetInParent()
            else:
                wrong.current_stream_revision = error.current
            answer.error.details.Pack(wrong)
        except StreamDeleted:
            answer.error.details.Pack(self.shared.StreamDeleted())
        except AppendTooLarge:
            answer.error.details.Pack(self.shared.MaximumAppendSizeExceeded(maxAppendSize=MAX_APPEND))
        else:
            answer.success.current_revision = last.revision
            answer.success.position.commit_position = answer.success.position.prepare_position = last.position
        return answer

    async def _end(self, method: str, request: Any, context: Any, end: Callable[[str, int], None]) -> None:
        await self._enter(method, context)
        options = request.options
        stream = options.stream_identifier.stream_name.decode()
        expected = _expected(options, "expected_stream_revision", "revision")
        try:
            end(stream, expected)
        except StreamDeleted:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"Event stream '{stream}' is deleted.")
        except WrongExpectedVersion as error:
            said = f"Stream: {stream}, Expected version: {expected}, Actual version: {error.current}"
            await context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f"Append failed due to WrongExpectedVersion. {said}"
            )
        await self.tell_of_growth()

    def _of_stream(self, options: Any) -> list[Record]:
        asked = options.stream
        records = self._log.read_stream(asked.stream_identifier.stream_name.decode())
        backwards = options.read_direction == self.streams.ReadReq.Options.Backwards
        if asked.WhichOneof("revision_option") == "revision":
            limit = asked.revision
            records = [r for r in records if (r.revision <= limit if backwards else r.revision >= limit)]
        return list(reversed(records)) if backwards else records

    def _of_all(self, options: Any) -> list[Record]:
        backwards = options.read_direction == self.streams.ReadReq.Options.Backwards
        found = self._log.read_all(_position(options), backwards=backwards)
        wanted = _wanted(options)
        return [record for record in found if wanted(record)]

    async def _sent(self, records: list[Record], options: Any, context: Any) -> AsyncIterator[Any]:
        for record in records:
            for answer in self._events(record, options):
                yield answer
            if self._faults.take("cut_off"):
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the double: cut off")

    def _events(self, record: Record, options: Any) -> list[Any]:
        """The event, twice when that is due."""
        answer = self.streams.ReadResp()
        event = record
        if options.resolve_links and record.event.type == LINK:
            _fill(answer.event.link, record)
            event = self._log.resolved(record) or record
        _fill(answer.event.event, event)
        answer.event.commit_position = record.position
        return [answer] * (2 if self._faults.take("duplicates") else 1)

    async def _subscription(self, options: Any, context: Any) -> AsyncIterator[Any]:
        """To $all: confirmed, then what is there, then what is appended; the position asked for is not sent again."""
        position, wanted = _position(options), _wanted(options)
        self.subscribed_from.append(position)
        await self.tell_of_growth()
        if position is not None:
            next(self._log.read_all(position))  # raises InvalidPosition
        yield self.streams.ReadResp(
            confirmation=self.streams.ReadResp.SubscriptionConfirmation(subscription_id=str(uuid4()))
        )
        window = max(options.filter.max * options.filter.checkpointIntervalMultiplier, 1)
        looked_at, said_so = 0, False
        while True:
            for record in self._log.read_all(position):
                if record.position == position:
                    continue
                position, looked_at = record.position, looked_at + 1
                if wanted(record):
                    async for answer in self._sent([record], options, context):
                        yield answer
                    if self._faults.take("too_slow"):
                        await context.abort(
                            grpc.StatusCode.ABORTED, "Operation timed out: Consumer too slow to handle event"
                        )
                if looked_at % window == 0:
                    yield self._checkpoint(position)
            if not said_so:
                said_so = True
                yield self.streams.ReadResp(caught_up=self.streams.ReadResp.CaughtUp())
            async with self._grown:
                await self._grown.wait_for(lambda: self._log.records[-1].position != position)  # noqa: B023 -- it is waited for within the turn of the loop

    def _checkpoint(self, position: int) -> Any:
        checkpoint = self.streams.ReadResp.Checkpoint(commit_position=position, prepare_position=position)
        return self.streams.ReadResp(checkpoint=checkpoint)


def _expected(options: Any, oneof: str, number: str) -> int:
    chosen = options.WhichOneof(oneof)
    return int(getattr(options, number)) if chosen == number else _EXPECTED[chosen]


def _position(options: Any) -> int | None:
    return options.all.position.commit_position if options.all.WhichOneof("all_option") == "position" else None


def _proposed(message: Any) -> Proposed:
    content_type = message.metadata["content-type"]
    return Proposed(
        UUID(message.id.string), message.metadata["type"], content_type, message.custom_metadata, message.data
    )


def _wanted(options: Any) -> Wanted:
    """The server's filter: a regular expression or prefixes, on the stream's name or on the type."""
    if options.WhichOneof("filter_option") != "filter":
        return lambda record: True
    kind = options.filter.WhichOneof("filter")
    expression = getattr(options.filter, kind)
    regex, prefixes = re.compile(expression.regex), tuple(expression.prefix)

    def wanted(record: Record) -> bool:
        text = record.stream if kind == "stream_identifier" else record.event.type
        return text.startswith(prefixes) if prefixes else regex.search(text) is not None

    return wanted


def _fill(message: Any, record: Record) -> None:
    message.id.string = str(record.event.id)
    message.stream_identifier.stream_name = record.stream.encode()
    message.stream_revision = record.revision
    message.commit_position = message.prepare_position = record.position
    message.metadata["type"] = record.event.type
    message.metadata["content-type"] = record.event.content_type
    message.metadata["created"] = str(int(record.created.timestamp() * 10_000_000))
    message.custom_metadata = record.event.metadata
    message.data = record.event.data
