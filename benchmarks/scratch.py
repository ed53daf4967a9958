"""Where the servers of a measurement keep their data."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay_tools.embedded.folder import DataFolder


@contextmanager
def scratch() -> Iterator[DataFolder]:
    """A folder on a disk, as the data of real servers is (/tmp need not be on one); gone when left."""
    with (
        tempfile.TemporaryDirectory(prefix="eventcrm-bench-", dir="/var/tmp") as name,
        DataFolder(Path(name)) as folder,
    ):
        yield folder
