"""The API's doorway: strangers, keys that may not, bodies that are wrong. Nothing of what is refused is stored."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import ApiKey, BlingWriting, ContactWrite, CustomerWrite, OrderWrite, Tenant, WriteMode
from integrations.models.connections import BlingConnection
from tests.admin.world import Rows, make_rows, make_user
from tests.bling_v2.example import XML
from tests.flows.bridged import send as send_v2
from tests.flows.systems import KEY, LUA, api_key, ask, put


@pytest.fixture
def rows(db: None) -> Rows:
    cache.clear()
    rows = make_rows("nossa", 7, make_user("dono"))
    OrderWrite.objects.all().delete()
    CustomerWrite.objects.all().delete()
    ApiKey.objects.filter(kind="api").delete()
    BlingWriting.objects.create(connection=rows.bling, mode=WriteMode.LIVE)
    _key(rows, bills=True)
    return rows


def _key(rows: Rows, key: str = KEY, **values: Any) -> ApiKey:
    class Company:
        connection = rows.bling

    return api_key(Company, key, **values)  # type: ignore[arg-type]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["erro"]["codigo"]


class TestKeys:
    def test_a_known_one(self, rows: Rows) -> None:
        answer = put()
        assert (answer.status_code, answer.json()["estado"]) == (202, "aguardando")
        assert ApiKey.objects.get(system="auvo").last_used_at is not None

    @pytest.mark.parametrize("key", ["", "x", "a" * 72, "á" * 40])
    def test_a_strange_one(self, rows: Rows, key: str) -> None:
        assert code_of(put(key=key))[0] == 401
        assert not CustomerWrite.objects.exists()

    def test_a_revoked_one(self, rows: Rows) -> None:
        ApiKey.objects.update(revoked_at=timezone.now())
        assert code_of(put()) == (401, "no_key")

    def test_one_that_nobody_confirmed(self, rows: Rows) -> None:
        ApiKey.objects.update(is_confirmed=False)
        assert code_of(put()) == (403, "not_confirmed")

    def test_one_of_the_bridge_is_none_here_and_ours_is_none_there(self, rows: Rows) -> None:
        assert send_v2(XML, key=KEY).status_code == 401
        ApiKey.objects.filter(system="auvo").update(kind="bridge", bills=False, system="", customers="")
        assert code_of(put()) == (401, "no_key")

    def test_who_tries_keys_is_stopped_and_others_are_not(self, rows: Rows) -> None:
        assert [put(key="b" * 40).status_code for _ in range(12)] == [401] * 10 + [429] * 2
        assert put().status_code == 202

    @pytest.mark.parametrize(
        ("customers", "may_send", "may_read"), [("in", True, False), ("out", False, True), ("both", True, True)]
    )
    def test_a_direction_is_kept(self, rows: Rows, customers: str, may_send: bool, may_read: bool) -> None:
        ApiKey.objects.filter(system="auvo").update(customers=customers)
        assert (put().status_code == 202) is may_send
        assert (ask("GET", "clientes/7").status_code == 200) is may_send
        assert (ask("GET", "clientes").status_code == 200) is may_read
        assert CustomerWrite.objects.exists() is may_send

    def test_without_encryption_nothing_is_stored_and_nothing_redirected(
        self, rows: Rows, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        with caplog.at_level(logging.ERROR):
            assert code_of(put()) == (403, "only_https")
        assert not CustomerWrite.objects.exists()
        assert "came without encryption" in caplog.text
        assert KEY not in caplog.text


class TestCompanies:
    def test_a_system_sees_nothing_of_another_system_or_company(self, rows: Rows) -> None:
        put()
        other = make_rows("outra", 8, make_user("outro"))
        BlingWriting.objects.create(connection=other.bling, mode=WriteMode.LIVE)
        _key(rows, "b" * 40, system="tecpet")
        _key(other, "c" * 40)
        for key in ("b" * 40, "c" * 40):
            assert code_of(ask("GET", "clientes/7", key=key)) == (404, "not_found")
        theirs = {row["bling_id"] for row in ask("GET", "clientes", key="c" * 40).json()["contatos"]}
        assert theirs == {other.person.bling_id}
        assert put(key="c" * 40).status_code == 202
        assert CustomerWrite.objects.get(ref="7", connection=rows.bling).version == 1

    def test_two_keys_of_one_system_share_what_it_sent(self, rows: Rows) -> None:
        put()
        _key(rows, "b" * 40)
        assert ask("GET", "clientes/7", key="b" * 40).status_code == 200

    def test_what_is_confidential_is_not_read(self, rows: Rows) -> None:
        from integrations.models import ConfidentialCategory

        assert len(ask("GET", "clientes").json()["contatos"]) == 1
        ConfidentialCategory.objects.create(connection=rows.bling, item=rows.category)
        assert ask("GET", "clientes").json()["contatos"] == []


class TestSwitches:
    def test_off(self, rows: Rows) -> None:
        BlingWriting.objects.all().delete()
        answer = put()
        assert (code_of(answer), answer["Retry-After"]) == ((503, "off"), "60")
        assert not CustomerWrite.objects.exists()

    def test_simulation(self, rows: Rows) -> None:
        BlingWriting.objects.update(mode=WriteMode.SIMULATION)
        assert (put().status_code, put().json()["estado"]) == (202, "simulacao")


class TestVersions:
    def test_the_same_again(self, rows: Rows) -> None:
        assert [put().status_code for _ in range(2)] == [202, 200]
        assert CustomerWrite.objects.count() == ContactWrite.objects.filter(document="98765432000198").count() == 1

    def test_the_same_with_another_body(self, rows: Rows) -> None:
        put()
        assert code_of(put(email="outro@lua.example")) == (409, "other_body")
        assert CustomerWrite.objects.get().get_desired().email == "contato@lua.example"

    def test_an_older_one(self, rows: Rows) -> None:
        put(version=5)
        assert code_of(put(version=4, email="outro@lua.example")) == (409, "old_version")

    def test_a_newer_one(self, rows: Rows) -> None:
        put()
        assert put(version=9, email="outro@lua.example").status_code == 202
        assert CustomerWrite.objects.get().get_desired().email == "outro@lua.example"

    def test_too_many_within_a_minute(self, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("integrations.pipeline.payables.throttle.MOST_SENT_A_MINUTE", 2)
        assert [put(str(number), documento="", nome=f"N{number}").status_code for number in range(3)] == [202, 202, 429]
        assert CustomerWrite.objects.count() == 2


class TestBodies:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"nome": ""}, "nome"), ({"nome": "x" * 121}, "nome"), ({"documento": "11222333000182"}, "documento"),
            ({"documento": "52998224725", "tipo": "J"}, "tipo"), ({"tipo": "X"}, "tipo"), ({"email": "sem"}, "email"),
            ({"endereco": {"uf": "São Paulo"}}, "endereco.uf"), ({"endereco": {"cep": "1310"}}, "endereco.cep"),
            ({"emial": "x@y.example"}, "emial"), ({"endereco": {"rua": "A"}}, "endereco.rua"),
            ({"versao": 0}, "versao"),
            ({"versao": 2**63}, "versao"), ({"versao": None}, "versao"), ({"nome": ["a"]}, "nome"),
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_named(self, rows: Rows, changes: dict[str, Any], field: str) -> None:
        answer = ask("PUT", "clientes/7", {**LUA, "versao": 1, **changes})
        assert code_of(answer) == (422, "invalid")
        assert field in [one["campo"] for one in answer.json()["erro"]["campos"]]
        assert not CustomerWrite.objects.exists()

    @pytest.mark.parametrize(
        "body",
        ["", "{", "[" * 50_000, '{"versao": 1e400000}', '{"versao": ' + "9" * 5000 + "}", b"\xff\xfe", "null", "[]"],
    )
    def test_what_is_no_body(self, rows: Rows, body: str | bytes) -> None:
        assert ask("PUT", "clientes/7", body).status_code in (400, 422)

    def test_too_large(self, rows: Rows) -> None:
        assert code_of(ask("PUT", "clientes/7", '{"nome": "' + "a" * 65_536 + '"}')) == (400, "no_json")

    @pytest.mark.parametrize("ref", ["a b", "*7", "á", "x" * 101, "-7"])
    def test_a_reference_that_is_none(self, rows: Rows, ref: str) -> None:
        assert ask("PUT", f"clientes/{ref}", {**LUA, "versao": 1}).status_code == 422

    def test_what_no_column_takes_is_left_out(self, rows: Rows) -> None:
        assert put(nome="Padaria\x00 Lua \ud800").status_code == 202

    def test_methods_that_are_none(self, rows: Rows) -> None:
        assert [ask(method, "clientes/7").status_code for method in ("POST", "DELETE", "PATCH")] == [405] * 3


class TestReading:
    def test_pages_in_the_order_of_changes(self, rows: Rows) -> None:
        now = timezone.now()
        for number in range(5):
            rows.person.pk, rows.person.bling_id = None, 900 + number
            rows.person.changed_at = now - timedelta(hours=number)
            rows.person.save(force_insert=True)
        found, page = [], ""
        while page is not None:
            answer = ask("GET", f"clientes?limite=2{f'&pagina={page}' if page else ''}").json()
            found += [row["bling_id"] for row in answer["contatos"]]
            page = answer["proxima"]
        assert [number for number in found if number in range(900, 905)] == [904, 903, 902, 901, 900]
        since = (now - timedelta(hours=1, minutes=1)).isoformat().replace("+", "%2B")
        later = ask("GET", f"clientes?desde={since}").json()["contatos"]
        assert {900, 901} <= {row["bling_id"] for row in later}
        assert 904 not in {row["bling_id"] for row in later}

    @pytest.mark.parametrize("query", ["pagina=x", "pagina=YWJj", "desde=ontem", "limite=0", "limite=1000"])
    def test_a_wrong_question(self, rows: Rows, query: str) -> None:
        assert code_of(ask("GET", f"clientes?{query}")) == (422, "invalid")


def test_the_page_for_those_who_write_programs(db: None) -> None:
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    assert "cdn" not in page.content.decode()
    schema = Client().get("/api/v1/openapi.json").json()
    assert set(schema["paths"]) == {"/api/v1/clientes/{ref}", "/api/v1/clientes", "/api/v1/faturas/{ref}"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(body=st.dictionaries(st.sampled_from([*LUA, "versao", "tipo", "inscricao_estadual"]), _json))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_an_error_of_ours(rows: Rows, body: dict[str, Any]) -> None:
    answer = ask("PUT", "clientes/7", body)
    assert answer.status_code in (200, 202, 409, 422), answer.content
    assert BlingConnection.objects.count() == Tenant.objects.count()
