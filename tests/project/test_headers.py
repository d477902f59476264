"""Browsers are told what a page may do; pages that strangers see run nothing but our own files."""

import pytest
from django.test import Client


def policy(client: Client, path: str) -> dict[str, str]:
    response = client.get(path)
    assert "camera=()" in response["Permissions-Policy"]
    parts = (part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    return {part[0]: part[1] for part in parts}


@pytest.mark.parametrize(
    "path", ["/conta/login/", "/conectar/x/", "/bling/callback", "/nada", "/health/live", "/admin/"]
)
def test_every_page_says_what_it_may(path: str, db: None) -> None:
    found = policy(Client(), path)
    for name in ("object-src", "base-uri", "frame-ancestors", "default-src"):
        assert found[name] == "'none'"
    assert found["form-action"] == "'self' https://www.bling.com.br:443"
    assert found["script-src"] == ("'self' 'unsafe-eval'" if path == "/admin/" else "'self'")
