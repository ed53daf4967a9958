"""`crm relay` without the rest of `crm`, which takes seconds to import: LOG_URL KAFKA PREFIX."""

import sys

import uvloop

from replay_tools.relay_command import log_to_stderr
from write_side.entrypoints import relay_worker

if __name__ == "__main__":
    log_to_stderr()
    log_url, servers, prefix = sys.argv[1:]
    uvloop.run(relay_worker.run(event_store_url=log_url, kafka_url=servers, kafka_prefix=prefix))
