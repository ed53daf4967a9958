"""Who asks: development tokens, signed with one secret of the installation (JWT, HS256)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from event_schemas.streams import TENANT, TenantId
from read_api.errors import Unauthenticated

ALGORITHM = "HS256"
MIN_SECRET_BYTES = 32
MAX_TOKEN = 4_096
KEPT_TOKENS = 1_000
"""Tokens whose signature was found right; whether they have expired is asked each time."""
LIFETIME = timedelta(days=30)
HOW = "send the header `Authorization: Bearer TOKEN`; `make -s token` prints a token"


class Role(StrEnum):
    """What a user may do: ``admin`` all, ``member`` all but the organisation, ``viewer`` read."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The verified claims of a token."""

    tenant: TenantId
    user_id: str
    role: Role
    expires_at: datetime


class _Claims(msgspec.Struct):
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    tenant: Annotated[str, msgspec.Meta(pattern="^" + TENANT.pattern)]
    role: Role
    exp: datetime


class InvalidIdentity(ValueError):
    """A token was asked for a tenant or user that cannot exist."""


class Tokens:
    """Issues and verifies tokens under one secret of at least 32 bytes."""

    def __init__(self, secret: bytes, *, clock: Callable[[], datetime]) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the token secret has {len(secret)} bytes; it needs at least {MIN_SECRET_BYTES}")
        self._key = OctKey.import_key(secret)
        self._clock = clock
        self._read = lru_cache(maxsize=KEPT_TOKENS)(self._claims_of)  # what is refused is not kept

    def issue(self, *, tenant: str, user_id: str, role: Role, lifetime: timedelta = LIFETIME) -> str:
        """A token; raises InvalidIdentity."""
        now = self._clock()
        claims = {
            "sub": user_id,
            "tenant": tenant,
            "role": str(role),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        try:
            msgspec.convert(claims, _Claims, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidIdentity(str(error)) from error
        return jwt.encode({"alg": ALGORITHM}, claims, self._key)

    def verify(self, token: str) -> Identity:
        """Who the token names; raises Unauthenticated when it is forged, garbled or expired."""
        identity = self._read(token)
        if identity.expires_at <= self._clock():
            raise Unauthenticated(f"the token expired at {identity.expires_at.isoformat()}: {HOW}")
        return identity

    def _claims_of(self, token: str) -> Identity:
        if len(token) > MAX_TOKEN:
            raise Unauthenticated(f"this is not a token of ours: {HOW}")
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            claims = msgspec.convert(decoded.claims, _Claims, strict=False)
        except (JoseError, ValueError) as error:
            raise Unauthenticated(f"the token is not valid: {HOW}") from error
        return Identity(tenant=TenantId(claims.tenant), user_id=claims.sub, role=claims.role, expires_at=claims.exp)

    def bearer(self, header: str | None) -> Identity:
        """The identity of an ``Authorization`` header; raises Unauthenticated."""
        if not header:
            raise Unauthenticated(f"there is no token: {HOW}")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated(f"the Authorization header is not of the form `Bearer TOKEN`: {HOW}")
        return self.verify(token.strip())
