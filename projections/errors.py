"""How projecting fails, apart from what an event itself may be guilty of."""


class SinkUnavailable(Exception):
    """A store of the views cannot be reached or cannot work now. Nothing is parked; the same batch will do later."""


class SinkLost(SinkUnavailable):
    """The store of a view group is back, but without what it had acknowledged: the group begins again."""


class WatermarkMoved(RuntimeError):
    """Somebody else has moved the group's watermark: whatever this owner was about to write is rolled back."""


class Refused(ValueError):
    """The store takes no such value, now or later: an event of the batch is to blame."""


class KeptByLanes(RuntimeError):
    """The group's views are taken forward lane by lane, so nobody can take them forward by the whole log."""
