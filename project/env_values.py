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
_SMTP = ("smtp", "smtps", "smtp+tls", "smtp+ssl")
_NO_SERVER = ("consolemail", "memorymail", "dummymail")
_FLAGS = {"EMAIL_USE_TLS", "EMAIL_USE_SSL"}


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


def database_config(env: Values) -> dict[str, Any]:
    """Return what Django needs for DATABASE_URL. Raises `ImproperlyConfigured` when it is none of PostgreSQL, or when a
    character of the password seems to end it."""
    text = env.str("DATABASE_URL")
    scheme, _mark, rest = text.partition("://")
    if "postgresql" not in env.DB_SCHEMES.get(scheme.lower(), ""):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database (postgres://…).")
    config = _parsed(env.db_url_config, text)
    if not config.get("NAME") or "@" in rest.partition("/")[2]:
        raise ImproperlyConfigured(
            f"DATABASE_URL cannot be read. {_ENCODING}; e.g. postgres://user:password@host:5432/name"
        )
    return config


def email_config(env: Values) -> dict[str, Any]:
    """Return Django's settings for EMAIL_URL. Raises `ImproperlyConfigured` when it names no mail server that mails can
    be sent by."""
    text = env.str("EMAIL_URL", default="") or "consolemail://"
    scheme, _mark, rest = text.partition("://")
    _authority, *tail = re.split("[/?#]", rest, maxsplit=1)
    config = _parsed(env.email_url_config, text) if scheme in env.EMAIL_SCHEMES else {}
    is_whole = (
        (scheme in _SMTP and bool(config.get("EMAIL_HOST")) and config["EMAIL_PORT"] != 0 and "@" not in "".join(tail)
         and not config["EMAIL_FILE_PATH"])
        or (scheme in _NO_SERVER and bool(config) and rest in ("", "/"))
        or (scheme == "filemail" and bool(config.get("EMAIL_FILE_PATH")))
    )  # fmt: skip
    flags = set(config) & _FLAGS
    if not is_whole or config.get("OPTIONS") or any(config[flag] not in (True, "True", "true", 1) for flag in flags):
        raise ImproperlyConfigured(
            f"EMAIL_URL names no way to send mails, e.g. smtp+tls://user:password@host:587 (or smtp+ssl://…:465, or "
            f"consolemail:// to print them). {_ENCODING}."
        )
    return config


def _parsed(parse: Callable[[str], dict[str, Any]], text: str) -> dict[str, Any]:
    """Return what the library reads in an address; nothing when it cannot: its error quotes a part of it."""
    try:
        return parse(text)
    except (ValueError, ImproperlyConfigured):
        return {}
