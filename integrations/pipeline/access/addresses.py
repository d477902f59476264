"""Where credentials may be sent to, as this host's settings say."""

from django.conf import settings

from integrations.bling.addresses import read_bling_address
from integrations.kamino.client import read_kamino_address
from integrations.rest.address import Address


def bling_address(setting: str) -> Address:
    """Return one of Bling's addresses, by the name of its setting (`ADDRESSES`). Raises `ConfigError`."""
    return read_bling_address(setting, settings.BLING_ADDRESSES[setting], test_hosts=settings.TEST_HOSTS)


def kamino_address(base_url: str, cn: str) -> Address:
    """Return the address of a Kamino company. Raises `ConfigError` where its keys must not be sent to."""
    return read_kamino_address(base_url, cn, hosts=settings.KAMINO_ALLOWED_HOSTS, test_hosts=settings.TEST_HOSTS)
