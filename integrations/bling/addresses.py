"""Where Bling answers, and what of it a host may change."""

from collections.abc import Collection
from urllib.parse import urlsplit

from integrations.bling.errors import SERVICE
from integrations.rest.address import Address, read_address

_HOSTS = ("*.bling.com.br",)
ADDRESSES = {
    "BLING_API_URL": "https://api.bling.com.br/Api/v3",
    "BLING_AUTHORIZE_URL": "https://www.bling.com.br/Api/v3/oauth/authorize",
    "BLING_TOKEN_URL": "https://api.bling.com.br/Api/v3/oauth/token",
    "BLING_REVOKE_URL": "https://api.bling.com.br/Api/v3/oauth/revoke",
}
"""Bling's portal, "Autenticação": what each setting is where nothing else is said."""


def read_bling_address(setting: str, text: str, *, test_hosts: Collection[str]) -> Address:
    """Return the address that `setting` names: a host of Bling at the path of API v3, or the sandbox.

    Raises `ConfigError` for one that tokens must not be sent to.
    """
    path = urlsplit(ADDRESSES[setting]).path
    return read_address(text, service=SERVICE, hosts=_HOSTS, test_hosts=test_hosts, path=path)
