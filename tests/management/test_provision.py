"""`manage.py provision`: idempotent, all or nothing, and every mistake names its line and key."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations.models import BlingConnection, BlingToken, KaminoConnection, Mapping, Tenant

pytestmark = pytest.mark.django_db


def document() -> dict[str, Any]:
    return {
        "tenants": [
            {
                "slug": "sol",
                "name": "Padaria Sol",
                "cnpj": "11.222.333/0001-81",
                "sync_from": "2026-01-01",
                "bling": [
                    {
                        "label": "Matriz", "client_id": "id", "client_secret": "${SOL_SECRET}",
                        "access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 21600,
                        "token_kind": "opaque",
                    }
                ],
                "kamino": {
                    "base_url": "https://sol.kamino.tech", "app": "a", "cn": "sol", "id_usr": "1", "usr": "u",
                    "hash": "h", "requests_per_minute": 20, "allow_unconfirmed": True,
                },
                "mappings": [
                    {"kind": "category", "bling_name": "Vendas", "chart_account": "Receita", "cost_center": "Loja"}
                ],
            }
        ]
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _world(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("SOL_SECRET", "segredo")
    settings.KAMINO_ALLOWED_HOSTS = ["*.kamino.tech"]


def run(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "empresas.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    call_command("provision", str(path))


def test_it_sets_up_a_company_and_reads_secrets_from_the_environment(tmp_path: Path) -> None:
    run(tmp_path, document())
    tenant = Tenant.objects.get()
    assert (tenant.slug, tenant.delivery_mode, str(tenant.settled_from)) == ("sol", "shadow", "2026-01-01")
    assert BlingConnection.objects.get().client_secret == "segredo"
    assert BlingToken.objects.get().refresh_token == "refresh-1"
    assert KaminoConnection.objects.get().hash == "h"
    assert Mapping.objects.get().pending == {"chart_account": "Receita", "cost_center": "Loja"}


def test_the_same_file_twice_changes_nothing_and_never_brings_back_a_rotated_token(tmp_path: Path) -> None:
    run(tmp_path, document())
    BlingToken.objects.update(version=7, access_token="access-2", refresh_token="refresh-2")
    run(tmp_path, document())
    token = BlingToken.objects.get()
    assert (token.version, token.refresh_token) == (7, "refresh-2")
    assert (Tenant.objects.count(), Mapping.objects.count()) == (1, 1)


def test_new_tokens_in_the_file_replace_the_old_ones(tmp_path: Path) -> None:
    run(tmp_path, document())
    changed = document()
    changed["tenants"][0]["bling"][0]["refresh_token"] = "refresh-9"
    run(tmp_path, changed)
    token = BlingToken.objects.get()
    assert token.refresh_token == "refresh-9"
    assert token.expires_at > timezone.now() + timedelta(hours=5)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("slug", None, r"line 4.*slug: is missing"),
        ("sync_from", "01/01/2026", r"sync_from: must be a date like 2026-01-31"),
        ("delivery_mode", "on", r"delivery_mode: must be one of live, shadow, not 'on'"),
        ("delivery_mode", "live", r"delivery_mode: A empresa ainda não pode ser ativada.*Bling"),
        ("slug", "com espaço", r"slug: "),
        ("bling", {}, r"bling: must be a list"),
        ("surprise", 1, r"surprise: is not a known key"),
        ("mappings", [{"kind": "category", "bling_name": "X"}], r"mappings\[0\]: names no target"),
        ("mappings", [{"kind": "cor", "bling_name": "X"}], r"mappings\[0\]\.kind: must be one of"),
    ],
)
def test_a_mistake_names_its_key_and_changes_nothing(tmp_path: Path, path: str, value: Any, message: str) -> None:
    broken = document()
    if value is None:
        del broken["tenants"][0][path]
    else:
        broken["tenants"][0][path] = value
    with pytest.raises(CommandError, match=message.replace("line 4.*", "")):
        run(tmp_path, broken)
    assert not Tenant.objects.exists()


def test_broken_json_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"line 3, column 1"):
        run(tmp_path, '{\n"tenants": [\n}')


def test_a_mistake_in_the_second_company_undoes_the_first_and_names_the_line(tmp_path: Path) -> None:
    twice = document()
    twice["tenants"].append({**document()["tenants"][0], "slug": "lua", "sync_from": "ontem"})
    text = json.dumps(twice, indent=2)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if '"ontem"' in row)
    with pytest.raises(CommandError, match=rf"line {line}: \$\.tenants\[1\]\.sync_from"):
        run(tmp_path, text)
    assert not Tenant.objects.exists()


def test_an_unset_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOL_SECRET")
    with pytest.raises(CommandError, match="SOL_SECRET is not set"):
        run(tmp_path, document())


def test_a_missing_file_is_named() -> None:
    with pytest.raises(CommandError, match=r"nada\.json: cannot be read"):
        call_command("provision", "nada.json")
