"""The data folder: one holder, secrets for this user alone, and a place outside the source tree."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest

from replay_tools.embedded.errors import DataFolderInUse, ServerFailed
from replay_tools.embedded.folder import DataFolder, default_path


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """While a folder is held nobody else gets it; once it is left, the next one does."""
    with DataFolder(tmp_path), pytest.raises(DataFolderInUse, match=f"in use by process {os.getpid()}"):
        DataFolder(tmp_path).__enter__()
    with DataFolder(tmp_path) as again:
        assert again.path == tmp_path


def test_the_folder_is_made_and_closed_to_others(tmp_path: Path) -> None:
    """A missing folder is made, and others cannot list it."""
    with DataFolder(tmp_path / "deep" / "data") as folder:
        assert folder.path.stat().st_mode & 0o066 == 0


def test_a_secret_stays_the_same(tmp_path: Path) -> None:
    """A secret is made once, is long, differs by name, and only this user may read it."""
    with DataFolder(tmp_path) as folder:
        first = folder.secret("a.key")
        assert folder.secret("a.key") == first
        assert folder.secret("b.key") != first
        assert len(first) >= 32
        assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600


def test_all_who_make_a_secret_at_once_get_the_same(tmp_path: Path) -> None:
    """Of several that find none, one's secret stays; nothing of the others is left."""
    folder = DataFolder(tmp_path)
    together = Barrier(4)

    def make() -> str:
        together.wait()
        return str(uuid4())

    with ThreadPoolExecutor(4) as pool:
        found = {each.result() for each in [pool.submit(folder.secret, "a.key", make) for _ in range(4)]}
    assert found == {folder.secret("a.key")}
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    """A file in the way is one clear line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerFailed, match=r"file/data cannot be used: Not a directory$"):
        DataFolder(tmp_path / "file" / "data").__enter__()


def test_the_default_honours_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users keep their data under XDG_DATA_HOME or its default, root in /var/lib."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_path() == Path("/home/someone/.local/share/eventcrm")
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert default_path() == Path("/elsewhere/eventcrm")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_path() == Path("/var/lib/eventcrm")
