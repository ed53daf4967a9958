"""Runs a command that the kernel ends when its parent dies: tether.py PARENT_PID SIGNAL COMMAND...

A script of its own, because Popen's preexec_fn is not safe in a process that has threads. It becomes the command, so
the process id stays.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then become the command, unless the parent died in between."""
    parent, signal, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):
        sys.exit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 - the command is our own list and no shell is wanted


if __name__ == "__main__":
    main()
