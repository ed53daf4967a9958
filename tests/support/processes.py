"""Which processes belong to a running platform."""

import psutil


def tree(pid: int) -> list[psutil.Process]:
    """A process and all of its descendants."""
    try:
        parent = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return []
    return [parent, *parent.children(recursive=True)]


def survivors(processes: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Those that still run after so many seconds."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
