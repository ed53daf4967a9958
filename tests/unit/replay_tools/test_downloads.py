"""What is fetched once per machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from replay_tools.embedded import downloads
from replay_tools.embedded.errors import ServerFailed

FETCHER = """
import sys
from pathlib import Path
from replay_tools.embedded.downloads import ensure
def make(folder):
    print("making", flush=True)
    sys.stdin.readline()
    (folder / "made").write_text("whole")
print((ensure("thing-1", make, say=lambda line: print(line, flush=True)) / "made").read_text(), flush=True)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "eventcrm"


def fetcher() -> subprocess.Popen[str]:
    """Another process that wants the thing, and makes it when a line comes in."""
    return subprocess.Popen(
        [sys.executable, "-c", FETCHER], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
    )


def says(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_it_is_made_once(cache: Path) -> None:
    """What is there is used; nothing else stays in the cache beside it and its lock."""
    made: list[Path] = []
    first = downloads.ensure("thing-1", made.append)
    assert downloads.ensure("thing-1", made.append) == first == cache / "thing-1"
    assert len(made) == 1
    assert sorted(path.name for path in cache.iterdir()) == ["thing-1", "thing-1.lock"]


def test_a_failure_leaves_nothing_behind(cache: Path) -> None:
    """A download that breaks off is as if it had never been; the next one begins anew."""

    def breaking(folder: Path) -> None:
        (folder / "half").write_text("")
        raise ServerFailed("the line went dead")

    with pytest.raises(ServerFailed, match="the line went dead"):
        downloads.ensure("thing-1", breaking)
    assert [path.name for path in cache.iterdir()] == ["thing-1.lock"]
    assert list(downloads.ensure("thing-1", lambda folder: None).iterdir()) == []


def test_two_at_once_wait_for_one_another() -> None:
    """The second says that it waits, and gets what the first one made."""
    with fetcher() as first, fetcher() as second:
        assert {says(first), says(second)} == {"making", "Waiting for another process that fetches thing-1 ..."}
        for process in (first, second):
            assert process.stdin is not None
            process.stdin.close()  # the word to go on
        assert [says(first), says(second)] == ["whole", "whole"]


def test_what_a_killed_process_left_is_cleared(cache: Path) -> None:
    """A SIGKILL in the middle keeps nobody out, and its draft goes with the next attempt."""
    with fetcher() as killed:
        assert says(killed) == "making"
        killed.kill()
    assert len(list(cache.glob("thing-1.new-*"))) == 1
    assert downloads.ensure("thing-1", lambda folder: None).exists()
    assert list(cache.glob("thing-1.new-*")) == []


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is named."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ServerFailed, match=r"^\S+/file/eventcrm/thing-1 cannot be made: .*$"):
        downloads.ensure("thing-1", lambda folder: None)
