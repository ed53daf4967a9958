"""A supervisor to be killed: it prints {name: [pid, url]} for the folder given and serves until its stdin ends."""

import json
import sys
from pathlib import Path

from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.valkey import start_valkey


def main() -> None:
    """Start both servers, tell, wait."""
    with DataFolder(Path(sys.argv[1])) as folder, start_postgres(folder) as postgres, start_valkey(folder) as valkey:
        running = {server.child.name: [server.child.process.pid, server.url] for server in (postgres, valkey)}
        sys.stdout.write(json.dumps(running) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
