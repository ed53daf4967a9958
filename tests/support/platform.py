"""A whole platform as a user starts it: `crm up` as a child process, spoken to over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replay_tools.embedded.process import tethered
from tests.support.network import free_port

CRM = (sys.executable, "-m", "replay_tools")


class NotReady(AssertionError):
    """The platform did not become ready in time; holds what it printed."""


@dataclass(frozen=True)
class Platform:
    """One running `crm up`."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    log: Path

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, *, role: str = "admin", tenant: str = "demo", user: str = "tester") -> str:
        """A development token, as `crm token` prints it."""
        command = (*CRM, "token", "--data", str(self.data), "--role", role, "--tenant", tenant, "--user-id", user)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            return 0, str(error)

    def graphql(self, query: str, variables: dict[str, Any] | None = None, *, token: str) -> dict[str, Any]:
        """The answer's `data`; an answer with errors fails the test."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(self.url + "/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            got = json.load(answer)
        assert "errors" not in got, got["errors"]
        data: dict[str, Any] = got["data"]
        return data

    def wait_until(self, status: int = 200, path: str = "/readyz", *, seconds: float = 120) -> float:
        """Seconds until a path answers with a status; NotReady when the process ends first or time runs out."""
        started = time.monotonic()
        last: tuple[int, str] = (0, "")
        while time.monotonic() - started < seconds:
            if self.process.poll() is not None:
                raise NotReady(f"crm up ended with {self.process.returncode}:\n{self.output()}")
            if (last := self.get(path))[0] == status:
                return time.monotonic() - started
            time.sleep(0.05)  # another process, asked over HTTP: there is nothing to wait on
        raise NotReady(f"{path} answered {last} after {seconds} s:\n{self.output()}")

    def output(self) -> str:
        """The end of what it printed."""
        return self.log.read_text()[-4000:]

    def kill(self) -> None:
        """SIGKILL, as the machine's memory killer would."""
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def start(
    data: Path, *, port: int | None = None, environment: dict[str, str] | None = None, options: Sequence[str] = ()
) -> Platform:
    """Start `crm up` on a data folder; returns at once."""
    port = port or free_port()
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.with_suffix(".log")
    with log.open("ab") as out:
        process = subprocess.Popen(
            tethered((*CRM, "up", "--port", str(port), "--data", str(data), *options), signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    return Platform(process, port, data, log)


@contextmanager
def running(data: Path) -> Iterator[Platform]:
    """A ready platform, ended when left."""
    platform = start(data)
    try:
        platform.wait_until()
        yield platform
    finally:
        if platform.process.poll() is None:
            platform.interrupt()
