"""An import batch."""

from event_schemas.batch import BatchFinished, BatchStarted
from tests.support.events import some_id
from tests.support.scenario import given
from write_side.domain import batch
from write_side.domain.batch import BatchNotStarted, FinishBatch, StartBatch

START = StartBatch(id=some_id("batch"), name="Deals of June")
FINISH = FinishBatch(id=some_id("batch"), rows=3, rejected=1)
STARTED, FINISHED = BatchStarted(name="Deals of June"), BatchFinished(rows=3, rejected=1)


def test_a_batch_starts_and_finishes_once() -> None:
    """Each is one event, and none when it comes again."""
    given(batch.DECIDER).when(START).then(STARTED)
    given(batch.DECIDER, STARTED).when(FINISH).then(FINISHED)
    given(batch.DECIDER, STARTED, FINISHED).when(START).then()


def test_a_batch_that_never_began_does_not_end() -> None:
    """Start first."""
    given(batch.DECIDER).when(FINISH).rejected(BatchNotStarted)
