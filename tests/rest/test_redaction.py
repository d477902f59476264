"""Nothing secret gets through, wherever it stands."""

import logging
from typing import NamedTuple

import pytest

from integrations.rest.redaction import HIDDEN, excerpt, redact

CANARY = "c4n4ryc4n4ryc4n4ry"


class Pair(NamedTuple):
    name: str
    token: str


@pytest.mark.parametrize(
    "value",
    [
        {"access_token": CANARY},
        {"Authorization": f"Bearer {CANARY}"},
        {"deep": [{"client_secret": CANARY}]},
        {"next_client_secret": CANARY},
        f"Authorization: Bearer {CANARY}",
        f"Basic {CANARY}",
        f"refresh_token={CANARY}&grant_type=refresh_token",
        f'{{"refresh_token": "{CANARY}"}}',
        {"App": CANARY, "Usr": CANARY, "Hash": CANARY},
        {"IDUsr": CANARY},
        {"id_usr": CANARY, "Client-Secret": CANARY},
        [("Hash", CANARY), ("CN", "1")],
        Pair("x", CANARY),
        {f"token={CANARY}"},
        f"GET /x?access_token={CANARY}&a=1".encode(),
        f"postgres://app:{CANARY}@db.example.com/x",
        f"could not open smtp+tls://:{CANARY}@mail",
        {"xml": f"<contapagar>{CANARY}"},
        f"xml=<contapagar><fornecedor>\n<nome>{CANARY}</nome>",
        f"POST /Api/v2/contapagar/json/?apikey={CANARY}",
        f"apikey=x&xml=%3C%3Fxml {CANARY}".encode(),
        f"eyJhbGciOi.{CANARY}.{CANARY}",
    ],
)
def test_secrets_are_hidden(value: object) -> None:
    found = redact(value)
    told = found.decode() if isinstance(found, bytes) else str(found)
    assert CANARY not in told
    assert HIDDEN in told


@pytest.mark.parametrize("value", ["título 123", {"valor": "10.00"}, 5, None, ["a", "b"]])
def test_everything_else_stays(value: object) -> None:
    assert redact(value) == value


def test_an_excerpt_is_short_and_on_one_line() -> None:
    assert excerpt("a\n b\n" * 500, 20) == "a b a b a b a b a b …"


@pytest.mark.parametrize("name", ["requests_oauthlib", "oauthlib", "urllib3"])
def test_libraries_that_print_tokens_at_debug_are_kept_quiet(name: str) -> None:
    assert logging.getLogger(f"{name}.anything").getEffectiveLevel() >= logging.WARNING
