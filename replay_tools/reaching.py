"""Finds the running platform, for commands that work on its log from a process of their own."""

from pathlib import Path
from typing import Final

from replay_tools.embedded import cluster
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import DATABASE
from replay_tools.ending import Unavailable
from replay_tools.settings import MASTER_SECRET, Settings

_PID, _PORT, _STATUS = 0, 3, 7  # lines of postmaster.pid
NO_KAFKA: Final = "CRM_KAFKA_URL is not set: name the brokers, such as CRM_KAFKA_URL=127.0.0.1:9092"
POSTGRES_SCHEMES: Final = ("postgresql://", "postgres://")


class Unreachable(Unavailable):
    """There is no platform to work on."""


def store_url(settings: Settings, folder: DataFolder) -> str:
    """Where the log is: at the URL that is set, else where the tables are."""
    return settings.event_store_url or tables_url(settings, folder)


def log_tables_url(settings: Settings, folder: DataFolder) -> str:
    """Where what is kept beside the log is: with it, if it is in PostgreSQL, else where the tables are."""
    url = store_url(settings, folder)
    return url if url.startswith(POSTGRES_SCHEMES) else tables_url(settings, folder)


def tables_url(settings: Settings, folder: DataFolder) -> str:
    """Where the tables are: at the URL that is set, else in the embedded server that runs on the folder."""
    if settings.postgres_url is not None:
        return settings.postgres_url
    nothing = Unreachable(f"nothing runs on {folder.path}: start it (crm up --data {folder.path}), or name its URLs")
    try:
        lines = (folder.path / "postgres" / "postmaster.pid").read_text(errors="replace").splitlines()
        password = (folder.path / cluster.CREDENTIALS).read_text().strip()
    except FileNotFoundError:
        raise nothing from None
    except OSError as error:
        raise Unreachable(f"the data folder {folder.path} cannot be read: {error.strerror}") from error
    if len(lines) <= _STATUS or lines[_STATUS].strip() != "ready" or not Path(f"/proc/{lines[_PID]}").exists():
        raise nothing
    return f"postgresql://{cluster.USER}:{password}@127.0.0.1:{lines[_PORT]}/{DATABASE}"


def kafka_url(settings: Settings) -> str:
    """Where Kafka is; raises Unreachable when nobody has said so."""
    if settings.kafka_url is None:
        raise Unreachable(NO_KAFKA)
    return settings.kafka_url


def master_key(settings: Settings, folder: DataFolder) -> bytes:
    """The secret of that log. It is never made here: under another one, nothing that is written could be read."""
    if settings.master_secret is None and not (folder.path / MASTER_SECRET).exists():
        raise Unreachable(
            f"{folder.path} has no {MASTER_SECRET}: name the platform's data folder, or CRM_MASTER_SECRET"
        )
    return settings.master_key(folder)
