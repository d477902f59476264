"""Addresses that credentials are sent to: read once, by one parser, and rebuilt from their parts."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from integrations.rest.errors import ConfigError

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_TEXT = re.compile(
    rf"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?"
)
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = {"localhost", "127.0.0.1"}


@dataclass(frozen=True)
class Address:
    """Where `service` answers. `is_test` marks a host that may be private and have a port and a path of its own."""

    scheme: str
    host: str
    port: int
    path: str = ""
    is_test: bool = False
    service: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


def read_address(
    text: str, *, service: str, hosts: Collection[str], test_hosts: Collection[str] = (), path: str = ""
) -> Address:
    """Return an address that the credentials of `service` may be sent to.

    An https host that one of `hosts` names ("*." stands for any subdomain), without a port, at the `path` that the
    client expects; the sandbox, which `test_hosts` names, at any port and path, on loopback without encryption too.
    Raises `ConfigError`, which quotes no more than the host: there may be a password in the rest.
    """
    parts = _TEXT.fullmatch(text)
    if parts is None:
        raise ConfigError("not an address that keys are sent to", service=service, code="host")
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    port = int(parts["port"] or _PORTS[scheme])
    found = Address(scheme, host, port, parts["path"], is_test=host in test_hosts, service=service)
    if not 0 < port < 65536:
        raise ConfigError(f"no such port: {host}", service=service, code="host")
    if not found.is_test and not any(fnmatchcase(host, name.lower()) for name in hosts):
        raise ConfigError(f"host not allowed: {host}", service=service, code="host")
    if scheme != "https" and not (found.is_test and host in _LOOPBACK):
        raise ConfigError(f"https is needed: {host}", service=service, code="host")
    if not found.is_test and (port != _PORTS[scheme] or found.path != path):
        raise ConfigError(f"port or path not allowed: {host}", service=service, code="host")
    return found
