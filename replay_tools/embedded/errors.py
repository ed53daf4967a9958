"""What can go wrong with the embedded servers; each message is one line for the person at the terminal."""


class EmbeddedError(Exception):
    """The embedded servers cannot be had; the message says why and what to do."""


class DataFolderInUse(EmbeddedError):
    """Another process holds the data folder."""


class ServerFailed(EmbeddedError):
    """A server did not start, or its data cannot be used."""


class PortTaken(ServerFailed):
    """Somebody else took the port between its choice and its use."""


class ToolMissing(ServerFailed):
    """A program that this machine's user has to install first is not there."""
