"""Requests as v2's clients send them: raw bytes and a content type become exactly one key and one XML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import unquote_to_bytes

from integrations.bling_v2.codes import NO_KEY, UNREADABLE, RefusedError

MOST_BYTES = 64 * 1024
_UNENCODED = re.compile(rb"(?:\A|&)xml=\s*(?=<)")
"""Where a body begins its XML without encoding it: from there on neither "&" nor "+" means anything."""
_END = re.compile(rb"</contapagar\s*>", re.IGNORECASE)
_KEY_AFTER = re.compile(rb"\A&apikey=[0-9A-Za-z]+\Z")
_MOST_ENCODED = 2


@dataclass(frozen=True, repr=False)
class Request:
    """What a request says. Its key and XML stand in no `repr`: that would bring them into logs."""

    key: str
    xml: bytes
    is_key_in_query: bool


def read_request(raw: bytes, content_type: str, query: str, *, encoding: str = "") -> Request:
    """Read a request. `query` is what follows the "?", `encoding` its `Content-Encoding`.

    Raises `RefusedError`: 3 without exactly one key, 901 without exactly one XML or with what cannot be read.
    """
    asked = list(_pairs(query.encode("latin-1", "replace")))
    unreadable: RefusedError | None = None
    sent: list[tuple[str, bytes]] = []
    try:
        sent = list(_fields(raw, content_type))
        if encoding.strip().lower() not in ("", "identity"):
            raise RefusedError(UNREADABLE)
    except RefusedError as error:
        unreadable = error  # whose request it is comes first
    keys = [value for name, value in (*asked, *sent) if name == "apikey"]
    if len(keys) != 1 or not keys[0].strip().isascii():
        raise unreadable or RefusedError(NO_KEY)
    xmls = [value for name, value in sent if name == "xml"]
    if unreadable is not None or len(xmls) != 1 or any(name == "xml" for name, _value in asked):
        raise RefusedError(UNREADABLE)
    is_in_query = any(name == "apikey" for name, _value in asked)
    return Request(keys[0].decode().strip(), decoded(xmls[0]), is_in_query)


def decoded(xml: bytes) -> bytes:
    """Return an XML that may still be percent-encoded, once or twice ("+" is no blank there)."""
    xml = xml.strip()
    for _ in range(_MOST_ENCODED):
        if xml[:3].upper() == b"%3C":
            xml = unquote_to_bytes(xml).strip()
    return xml


def _fields(raw: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    if content_type.strip().lower().startswith("multipart/form-data"):
        return _parts(raw, content_type)
    found = _UNENCODED.search(raw)
    if found is None:
        return _pairs(raw)
    return _unencoded(raw[: found.start()], raw[found.end() :])


def _unencoded(before: bytes, rest: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the fields of a body whose XML stands there as it is: it ends with its last closing tag."""
    ends = list(_END.finditer(rest))
    if not ends:
        raise RefusedError(UNREADABLE)
    xml, after = rest[: ends[-1].end()], rest[ends[-1].end() :].strip()
    if after and not _KEY_AFTER.match(after):
        raise RefusedError(UNREADABLE)
    yield from _pairs(before)
    yield from _pairs(after)
    yield "xml", xml


def _pairs(text: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in text.strip().split(b"&"):
        name, _sign, value = pair.partition(b"=")
        if name:
            plain = unquote_to_bytes(name.replace(b"+", b" ")).decode("latin-1")
            yield plain.strip().lower(), unquote_to_bytes(value.replace(b"+", b" "))


def _parts(raw: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    if "\n" in content_type or "\r" in content_type:
        raise RefusedError(UNREADABLE)
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message: Message = BytesParser(policy=HTTP).parsebytes(head + raw)
    if message.defects or not message.is_multipart():
        raise RefusedError(UNREADABLE)
    for part in message.iter_parts():  # type: ignore[attr-defined] # of EmailMessage, which the policy makes
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(value, bytes):
            raise RefusedError(UNREADABLE)
        yield name.strip().lower(), value
