"""Settings from the environment (CRM_...) and the data folder."""

import secrets
from functools import partial
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from replay_tools.embedded.folder import DataFolder
from replay_tools.ending import Unavailable
from replay_tools.ports_of_url import check_ports

TOKEN_SECRET = "token.secret"  # noqa: S105 -- a file's name
MASTER_SECRET = "master.secret"  # noqa: S105 -- a file's name
STACK_FILE = "stack.env"
_new_secret = partial(secrets.token_hex, 32)


class InvalidSetting(Unavailable):
    """A variable cannot be used; the message names it and shows nothing of its value."""

    def __init__(self, error: ValidationError) -> None:
        said = {f"CRM_{one['loc'][0]}".upper(): one["msg"].removeprefix("Value error, ") for one in error.errors()}
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in said.items()))


class Settings(BaseSettings):
    """Where each part is. A part without a URL is embedded."""

    model_config = SettingsConfigDict(env_prefix="CRM_", env_ignore_empty=True)

    event_store_url: str | None = Field(default=None, description="event store, postgresql://...; else with the tables")
    postgres_url: str | None = Field(default=None, description="tables, postgresql://...; else embedded")
    redis_url: str | None = Field(default=None, description="cards, redis://...; else embedded")
    kafka_url: str | None = Field(default=None, description="transport, host:port,host:port; else within the process")
    elasticsearch_url: str | None = Field(default=None, description="search, http://...; else PostgreSQL's own")
    kafka_prefix: str = Field(default="", description="before every name in Kafka, where platforms share a cluster")
    token_secret: str | None = Field(default=None, min_length=32, description="signs tokens; else made once per folder")
    master_secret: str | None = Field(default=None, min_length=32, description="derives tenant keys; else made once")
    tenant: str = Field(default="demo", description="tenant that the sample is loaded into")

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InvalidSetting(error) from None  # its cause shows what was given, and that may be a secret

    @field_validator("event_store_url", "postgres_url", "redis_url", "kafka_url", "elasticsearch_url")
    @classmethod
    def _with_ports(cls, url: str | None) -> str | None:
        if url is not None:
            check_ports(url)
        return url

    @classmethod
    def of_stack(cls, folder: DataFolder) -> Self:
        """With the servers that `crm stack` runs on the folder, where the environment names no others."""
        return cls(_env_file=folder.path / STACK_FILE)

    def token_key(self, folder: DataFolder) -> str:
        """The secret that signs development tokens."""
        return self.token_secret or folder.secret(TOKEN_SECRET, _new_secret)

    def master_key(self, folder: DataFolder) -> bytes:
        """The secret that tenant keys derive from; it must never change for a log."""
        return (self.master_secret or folder.secret(MASTER_SECRET, _new_secret)).encode()
