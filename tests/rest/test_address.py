"""Keys go only where they belong: what an address means is decided once, and held to when it is used."""

import pytest
import requests

from integrations.bling.addresses import ADDRESSES, read_bling_address
from integrations.rest.address import Address, read_address
from integrations.rest.errors import ConfigError
from integrations.rest.session import Session

NAMES = {"hosts": ("*.kamino.tech",), "test_hosts": ("127.0.0.1", "caixa.example")}


@pytest.mark.parametrize(
    "text",
    [
        r"https://evil.example\.kamino.tech", r"https://127.0.0.1\.kamino.tech", "https://evil.example／.kamino.tech",
        "https://[x.kamino.tech", "https://[::1]", "https://evil.example", "https://kamino.tech.evil.example",
        "https://evil.example#.kamino.tech", "https://evil.example?.kamino.tech", "https://evil.example/.kamino.tech",
        "https://user:senha@sol.kamino.tech", "https://sol.kamino.tech@evil.example", "https://sol.kamino.tech:22",
        "https://sol.kamino.tech:443443", "https://sol.kamino.tech:abc", "https://sol.kamino.tech/api",
        "https://sol.kamino.tech?x=1", "https://sol.kamino.tech#x", "http://sol.kamino.tech", "ftp://sol.kamino.tech",
        "https://sol..kamino.tech", "https://.kamino.tech", "https://-sol.kamino.tech", "https://sol.kamino.tech.",
        "https://sol.kamino.tech\n", " https://sol.kamino.tech", "https://sol.\tkamino.tech", "https://ſol.kamino.tech",
        "https:/sol.kamino.tech", "//sol.kamino.tech", "sol.kamino.tech", "", "http://caixa.example", "https://",
        "http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1/../x", "http://127.0.0.1/%2e", "http://127.1",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_of_a_named_host_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(text, service="Kamino", **NAMES)
    assert caught.value.code == "host"
    assert "senha" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_kept_as"),
    [
        ("https://sol.kamino.tech", "https://sol.kamino.tech"),
        ("HTTPS://Sol.Kamino.Tech:443/", "https://sol.kamino.tech"),
        ("http://127.0.0.1:9000/kamino", "http://127.0.0.1:9000/kamino"),
        ("https://caixa.example:8443/a/b/", "https://caixa.example:8443/a/b"),
    ],
)
def test_it_is_rebuilt_from_its_parts(text: str, is_kept_as: str) -> None:
    assert str(read_address(text, service="Kamino", **NAMES)) == is_kept_as


def test_bling_answers_at_its_own_host_and_path_or_is_the_sandbox() -> None:
    for name, default in ADDRESSES.items():
        assert str(read_bling_address(name, default, test_hosts=())) == default
        for wrong in (f"{default}/x", default.replace("v3", "v2"), "https://evil.example/Api/v3", "http://127.0.0.1:1"):
            with pytest.raises(ConfigError):
                read_bling_address(name, wrong, test_hosts=())
    assert read_bling_address("BLING_API_URL", "http://127.0.0.1:1/x", test_hosts=("127.0.0.1",)).is_test


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api", r"https://evil.example\.sol.kamino.tech/api", "http://sol.kamino.tech/api",
        "https://sol.kamino.tech:8443/api", "https://user:x@sol.kamino.tech/api", "https://sol.kamino.tech.evil.example/",
    ],
)  # fmt: skip
def test_a_session_sends_nothing_to_another_origin(url: str) -> None:
    session = Session(Address("https", "sol.kamino.tech", 443))
    with pytest.raises(ConfigError, match="would be sent to"):
        session.send(requests.Request("GET", url, headers={"Hash": "x"}).prepare())
