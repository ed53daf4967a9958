"""What all embedded servers have in common: where they are, what they are, and that leaving them stops them."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from replay_tools.embedded.process import Child


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server; leaving it as a context stops it."""

    url: str
    """Where clients begin."""
    version: str
    """As the server reports it."""
    child: Child

    def stop(self) -> None:
        """End it; whether its data stays is the server's own matter."""
        self.child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
