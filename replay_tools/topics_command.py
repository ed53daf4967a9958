"""The command line of `crm topics`."""

import csv
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
import uvloop

from replay_tools.ending import Unavailable
from replay_tools.reaching import kafka_url
from replay_tools.settings import Settings
from write_side.adapters.kafka import kafka_at
from write_side.adapters.kafka_topics import AppliedTopic, apply_topics
from write_side.application.relay import TransportUnavailable

topics = typer.Typer(no_args_is_help=True, help="Topics in Kafka.")


class Output(StrEnum):
    """How the topics are printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@topics.command()
def apply(
    replication: Annotated[
        int, typer.Option("--replication-factor", min=1, help="Of what is created; 3 outside development.")
    ] = 1,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Create the topics that are missing, and warn where one that runs differs from what it should be."""
    settings = Settings()
    try:
        kafka = kafka_at(kafka_url(settings), prefix=settings.kafka_prefix)
        applied = uvloop.run(apply_topics(kafka, replication=replication))
    except TransportUnavailable as error:
        raise Unavailable(str(error)) from error
    _print(applied, output)
    for topic in applied:
        for difference in topic.differences:
            typer.echo(
                f"warning: topic {topic.topic}: {difference.what} is {difference.found or 'not set'}, "
                f"not {difference.wanted}",
                err=True,
            )


def _print(applied: Sequence[AppliedTopic], output: Output) -> None:
    match output:
        case Output.JSON:
            typer.echo(msgspec.json.encode(applied).decode())
        case Output.NDJSON:
            for topic in applied:
                typer.echo(msgspec.json.encode(topic).decode())
        case Output.CSV:
            writer = csv.writer(sys.stdout)
            writer.writerow(("topic", "outcome", "partitions"))
            writer.writerows((topic.topic, topic.outcome, topic.partitions) for topic in applied)
        case Output.TABLE:
            width = max(len(topic.topic) for topic in applied)
            for topic in applied:
                typer.echo(f"{topic.topic:{width}}  {topic.partitions:3} partitions  {topic.outcome}")
