"""Remove secrets from anything on its way to a log, a page or an error."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.domain.documents import without_personal_data

HIDDEN = "•••"
_SHORTEST = 8
_SECRET_NAMES = {
    "accesstoken", "refreshtoken", "clientsecret", "authorization", "proxyauthorization", "password", "senha", "token",
    "apikey", "app", "idusr", "usr", "hash", "code", "secretkey", "fieldencryptionkeys", "cookie", "setcookie",
    "databaseurl", "emailurl", "xml", "keypepper", "nextclientsecret",
}  # fmt: skip
"""Without what stands between their words; in whatever case."""
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:access_token|refresh_token|client_secret|api_?key|senha|password|code|token|hash|app|usr)[\"']?\s*[=:]\s*[\"']?)"
    r"([A-Za-z0-9._~+/=-]{8,})"
)
_XML = re.compile(r"(?i)(\bxml[\"']?\s*[=:]\s*[\"']?)(?:<|%3c|%253c).*", re.DOTALL)
"""What a program sends to the v2 bridge: whom somebody owes what."""
_LINK = re.compile(r"(/conectar/)[^/\s\"'<>]+")
"""A customer's connect link: anybody who reads it can use it."""
_USER_OF_URL = re.compile(r"([a-z][a-z0-9+.-]*://)[^/\s\"'<>@]*:[^/\s\"'<>]*@", re.IGNORECASE)
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


def redact(value: Any) -> Any:
    """Return `value` with secrets hidden: by key in mappings and in pairs, by pattern in text; other types come back
    unchanged."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if _is_secret(key) and item else redact(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return redact(value._asdict())
    if isinstance(value, tuple) and len(value) == 2 and _is_secret(value[0]) and value[1]:
        return (value[0], HIDDEN)  # as headers and forms are listed
    if isinstance(value, tuple):
        return tuple(redact(item) for item in value)
    if isinstance(value, list | set | frozenset):
        return type(value)(redact(item) for item in value)
    if isinstance(value, bytes):
        return str(redact(value.decode(errors="replace"))).encode()
    if isinstance(value, str):
        text = _SECRET_TEXT.sub(lambda match: match.group(1) + HIDDEN, value)
        text = _XML.sub(lambda match: match.group(1) + HIDDEN, text)
        text = _USER_OF_URL.sub(lambda match: f"{match.group(1)}{HIDDEN}@", text)
        return _LINK.sub(lambda match: match.group(1) + HIDDEN, _JWT.sub(HIDDEN, text))
    return value


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and re.sub(r"[-_\s]", "", name).lower() in _SECRET_NAMES


def excerpt(text: str, limit: int = 300) -> str:
    """Return the beginning of an answer, on one line, without secrets and personal data: enough to understand an
    error."""
    plain = without_personal_data(" ".join(str(redact(text)).split()))
    return plain if len(plain) <= limit else f"{plain[:limit]}…"


def without_secrets(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return an answer without what was sent to get it (`secrets`): an error may quote that in any words. Text of less
    than eight characters is no secret, and a number may be an id."""
    for secret in secrets:
        if len(secret) >= _SHORTEST and not secret.isdecimal():
            for written in (secret, secret.replace("/", "\\/")):  # some write JSON so
                body = body.replace(written.encode(), HIDDEN.encode())
    return body


def sent_secrets(headers: Mapping[str, str]) -> list[str]:
    """Return the keys and tokens among the headers of a request."""
    values = [str(value).split() for name, value in headers.items() if _is_secret(name)]
    return [words[-1] for words in values if words]
