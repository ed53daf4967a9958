"""PostgreSQL and Elasticsearch refuse to run as root: how root runs them all the same."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.process import tethered

_NAMESPACE = ("unshare", "--user", "--")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a command runs as: what stands before it, and who owns its files on disk."""

    prefix: tuple[str, ...]
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Make the tree this identity's: an earlier start may have run as another one."""
        if path.stat().st_uid == self.uid:
            return
        for each in (*path.rglob("*"), path):  # the top last: it tells whether all is done
            os.chown(each, self.uid, self.gid, follow_symlinks=False)


def current(death_signal: signal.Signals) -> Identity:
    """An ordinary user as itself; root in a user namespace, or as nobody where those are forbidden (containers)."""
    if os.geteuid() == 0 and _works(_NAMESPACE):
        # inside, the files of root belong to the process, and it is not root
        return Identity(prefix=_NAMESPACE, uid=0, gid=0)
    return mapped(death_signal, name="PostgreSQL")


def mapped(death_signal: signal.Signals, *, name: str) -> Identity:
    """An ordinary user as itself; root as nobody: in a namespace, a Java cannot attach to itself."""
    if os.geteuid() != 0:
        return Identity(prefix=(), uid=os.geteuid(), gid=os.getegid())
    return nobody(death_signal, name=name)


def nobody(death_signal: signal.Signals, *, name: str = "PostgreSQL") -> Identity:
    """The user nobody, who may pass folders as root may: the environment and the data may lie in root's home."""
    user = pwd.getpwnam("nobody")
    prefix = (
        *("setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"),
        *("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"),
        # else access(2), which Java asks first, answers as if the right to pass were not there
        *("--securebits", "+no_setuid_fixup"),
        # the change of user forgets the tether
        *("--pdeathsig", death_signal.name.removeprefix("SIG"), "--"),
    )
    if not _works(prefix):
        raise ServerFailed(
            f"{name} does not run as root, and what it needs to run as another user is forbidden here: "
            "run as an ordinary user"
        )
    return Identity(prefix=prefix, uid=user.pw_uid, gid=user.pw_gid)


def _works(prefix: Sequence[str]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    return subprocess.run(tethered([*prefix, "true"], signal.SIGKILL), capture_output=True, check=False).returncode == 0
