"""Values of the environment: taken as they are, and addresses with passwords in them checked before anything uses them.

No message quotes a value: it may be, or hold, a password.
"""

import re
from collections.abc import Callable
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_ENCODING = (
    'In the user and the password write "/" as %2F, "?" as %3F, "#" as %23, "@" as %40, ":" as %3A, "[" as %5B, '
    '"]" as %5D and "%" as %25'
)
_NO_SERVER = ("consolemail", "memorymail", "dummymail")
_FLAGS = ("EMAIL_USE_TLS", "EMAIL_USE_SSL")
_TRUE = (True, "True", "true", 1)


class Values(environ.Env):  # type: ignore[misc]
    """Reads variables. A `$` at the beginning is a character of the value: the library would take it for the name of
    another variable, and use the default when there is none."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:  # fmt: skip
        """Return a variable's value. Raises `ImproperlyConfigured` with its name when it is malformed."""
        value = self.ENVIRON.get(var)
        try:
            if value is not None and value.startswith("$"):
                return self.parse_value(value, cast)
            return super().get_value(var, cast, default, parse_default)
        except ValueError:
            raise ImproperlyConfigured(f"{var} is malformed: see .env.example.") from None


def database_config(text: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Return what Django needs for DATABASE_URL, or another variable. Raises `ImproperlyConfigured` when it names no
    PostgreSQL, or when a character of the password seems to end it."""
    scheme, _mark, rest = text.partition("://")
    if "postgresql" not in Values.DB_SCHEMES.get(scheme.lower(), ""):
        raise ImproperlyConfigured(f"{variable} must name a PostgreSQL database (postgres://…).")
    config = _parsed(Values.db_url_config, text)
    name, _mark, options = rest.partition("/")[2].partition("?")
    is_cut = any("@" in part.partition("=")[0] for part in [name, *options.split("&")])
    if not config.get("NAME") or is_cut:
        raise ImproperlyConfigured(
            f"{variable} cannot be read. {_ENCODING}; e.g. postgres://user:password@host:5432/name"
        )
    return config


def email_config(text: str) -> dict[str, Any]:
    """Return Django's settings for EMAIL_URL. Raises `ImproperlyConfigured` when no mail can be sent by it."""
    scheme, _mark, rest = text.partition("://")
    config = _parsed(Values.email_url_config, text) if scheme in Values.EMAIL_SCHEMES else {}
    if not config or not _is_whole(scheme, rest, config):
        raise ImproperlyConfigured(
            "EMAIL_URL names no way to send mails, e.g. smtp+tls://user:password@host:587 (or smtp+ssl://…:465, or "
            f"consolemail:// to print them). {_ENCODING}."
        )
    return config


def _is_whole(scheme: str, rest: str, config: dict[str, Any]) -> bool:
    """Say whether the address of a mail server has its parts, and nothing behind them that would be left out."""
    if scheme in _NO_SERVER:
        return rest in ("", "/")
    if scheme == "filemail":
        return bool(config["EMAIL_FILE_PATH"])
    _server, *behind = re.split("[/?#]", rest, maxsplit=1)
    options = [*config.get("OPTIONS", {}), *(key for key in _FLAGS if config.get(key, True) not in _TRUE)]
    is_server = bool(config["EMAIL_HOST"]) and config["EMAIL_PORT"] != 0
    return is_server and not options and not config["EMAIL_FILE_PATH"] and "@" not in "".join(behind)


def _parsed(parse: Callable[[str], dict[str, Any]], text: str) -> dict[str, Any]:
    """Return what the library reads in an address; nothing when it cannot: its error quotes a part of it."""
    try:
        return parse(text)
    except (ValueError, ImproperlyConfigured):
        return {}
