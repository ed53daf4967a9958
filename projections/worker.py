"""The app that `faust -A projections.worker worker` runs: the view group that CRM_VIEW_GROUP names.

Settings come from the environment, as those of `crm worker` do. The app is made when somebody asks for it.
"""

import os
import sys
from typing import Final, NoReturn

from projections.engines.cluster import Cluster
from projections.engines.faust_app import LaneApp
from projections.worker_bootstrap import WorkerParts, worker_app, worker_groups

VIEW_GROUP: Final = "CRM_VIEW_GROUP"
UNAVAILABLE: Final = 3
_made: dict[str, LaneApp] = {}


def __getattr__(name: str) -> LaneApp:
    """``app``, once."""
    if name != "app":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    if name not in _made:
        _made[name] = _make()
    return _made[name]


def _make() -> LaneApp:
    postgres_url = _setting("CRM_POSTGRES_URL")
    parts = WorkerParts(
        cluster=Cluster.at(_setting("CRM_KAFKA_URL"), prefix=os.environ.get("CRM_KAFKA_PREFIX", "")),
        event_store_url=os.environ.get("CRM_EVENT_STORE_URL") or postgres_url,
        postgres_url=postgres_url,
        redis_url=os.environ.get("CRM_REDIS_URL") or "redis://127.0.0.1:6379",
        elasticsearch_url=os.environ.get("CRM_ELASTICSEARCH_URL") or None,
        master_secret=_setting("CRM_MASTER_SECRET").encode(),
    )
    group = _setting(VIEW_GROUP)
    if group not in (there := worker_groups(parts)):
        _fail(f"{VIEW_GROUP}={group}: there are the view groups {', '.join(there)}")
    return worker_app(parts, group)


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        _fail(f"{name} is not set")
    return value


def _fail(message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    raise SystemExit(UNAVAILABLE)
