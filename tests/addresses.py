"""Addresses of servers that tests start."""

from integrations.rest.address import Address, read_address


def local(url: str) -> Address:
    """Return the address of a server on this machine."""
    return read_address(url, service="test", hosts=(), test_hosts=("127.0.0.1",))
