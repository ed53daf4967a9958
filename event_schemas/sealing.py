"""Personal data in a payload: its fields as ciphertext under the key of one person. Without the key they are nothing.

AES-256-GCM-SIV. The plaintext is the field's JSON; the nonce and the authenticated text come from the event's id and
the field's name, so a field cannot be moved to another place, and sealing the same event again gives the same bytes.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

KEY_BYTES = 32
_NONCE_BYTES = 12
_NULL = msgspec.Raw(b"null")

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


class BrokenSeal(ValueError):
    """A sealed field does not open with the key of its subject: it, or its event, was changed."""


def seal_fields(data: bytes, names: Iterable[str], *, key: bytes, event_id: UUID) -> tuple[bytes, tuple[str, ...]]:
    """The payload with these fields as ciphertext, and the names of those that are; what is null or absent stays so."""
    fields: dict[str, msgspec.Raw | bytes] = {**_fields.decode(data)}
    place = _place(event_id)
    cipher = AESGCMSIV(key)
    sealed = []
    for name in names:
        plain = bytes(fields.get(name, b"null"))
        if plain != b"null":
            fields[name] = cipher.encrypt(*_bound_to(place, name, plain))  # written as base64
            sealed.append(name)
    return _encode(fields), tuple(sealed)


def open_fields(data: bytes, names: Iterable[str], *, key: bytes | None, event_id: UUID) -> bytes:
    """The payload as it was before it was sealed; with no key, because it was erased, the fields are null.

    Raises BrokenSeal, and ValueError for bytes that are no payload.
    """
    if key is not None and len(key) != KEY_BYTES:
        raise BrokenSeal("the key of its subject is lost")
    fields = _fields.decode(data)
    cipher = AESGCMSIV(key) if key is not None else None
    place = _place(event_id)
    for name in names:
        fields[name] = _NULL if cipher is None else msgspec.Raw(_opened(cipher, fields, name, place))
    return _encode(fields)


def _opened(cipher: AESGCMSIV, fields: Mapping[str, msgspec.Raw], name: str, place: bytes) -> bytes:
    try:
        ciphertext = base64.b64decode(_text.decode(fields[name]), validate=True)
        return cipher.decrypt(*_bound_to(place, name, ciphertext))
    except (KeyError, InvalidTag, ValueError, msgspec.DecodeError) as error:
        raise BrokenSeal(f"sealed field {name!r} cannot be opened: {type(error).__name__}") from error


def _place(event_id: UUID) -> bytes:
    """What ties a field to its event; the field's name follows on it."""
    return b"eventcrm.sealed.1\n" + event_id.bytes


def _bound_to(place: bytes, name: str, text: bytes) -> tuple[bytes, bytes, bytes]:
    """Nonce, text, authenticated text."""
    place += name.encode()
    return hashlib.sha256(place).digest()[:_NONCE_BYTES], text, place
