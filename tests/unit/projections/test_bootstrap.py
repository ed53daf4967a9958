"""What the wiring does to the process."""

import gc

from projections.bootstrap import room_for_batches


def test_the_collector_is_left_as_it_was_found() -> None:
    """It looks more seldom while views follow, and as usual afterwards."""
    usual = gc.get_threshold()
    with room_for_batches():
        assert gc.get_threshold()[0] >= 100_000
        assert gc.get_threshold()[1:] == usual[1:]
    assert gc.get_threshold() == usual
