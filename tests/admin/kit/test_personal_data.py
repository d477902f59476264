"""Who may not see a CPF learns it by no page, search, order or message, and sees no address."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from integrations.admin.kit import document_search
from integrations.models import Attempt, Discrepancy, ForcedSettlement, Person, Posting, Title
from tests.admin.kit.test_pages import MODELS, url
from tests.admin.world import CPF, Rows

Login = Callable[[str], Client]
PRETTY = "529.982.247-25"
HOME = {"email": "joana@example.com", "street": "Rua das Flores", "number": "km 12,5", "district": "Bela Vista",
        "city": "Campinas", "state": "SP", "postal_code": "13010-111"}  # fmt: skip


@pytest.fixture(autouse=True)
def no_tries(db: None) -> None:
    cache.clear()


def found(client: Client, model: type[Any], **query: str) -> bool:
    page = client.get(url(model, "changelist"), query).content.decode()
    return "nossa" in page.split('id="changelist-form"')[-1] and "Pessoa nossa" in page


@pytest.mark.parametrize("term", [CPF, PRETTY, CPF[:8], f"{CPF}000", f"000{CPF}"])
@pytest.mark.parametrize("model", [Person, Title, Posting, Discrepancy, ForcedSettlement, Attempt])
def test_nobody_is_found_by_their_cpf(term: str, model: type[Any], login: Login, ours: Rows) -> None:
    Person.objects.filter(pk=ours.person.pk).update(document=f"000{CPF}" if term.startswith("000") else CPF)
    rows = login("operacao").get(url(model, "changelist"), {"q": term}).context["cl"]
    assert rows.result_count == 0
    if model is Person and term in (CPF, PRETTY, CPF[:8]):
        assert found(login("financeiro"), model, q=term)


def test_a_company_is_found_by_its_cnpj_by_everybody(login: Login, ours: Rows) -> None:
    Person.objects.filter(pk=ours.person.pk).update(document="11222333000181")
    assert found(login("operacao"), Person, q="11.222.333/0001-81")


def test_tries_are_limited(login: Login, ours: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_search, "MOST_TRIES", 3)
    client = login("financeiro")
    for _ in range(3):
        assert found(client, Person, q=CPF)
    page = client.get(url(Person, "changelist"), {"q": CPF})
    assert page.context["cl"].result_count == 0
    assert "Buscas demais por CPF/CNPJ" in page.content.decode()
    assert found(client, Person, q="Pessoa nossa")
    cache.clear()
    assert found(client, Person, q=CPF)


def test_nobody_is_sought_in_another_system_by_their_cpf(login: Login, ours: Rows) -> None:
    live = reverse("admin:integrations_title_live_search")
    link = reverse("admin:integrations_title_link_existing", args=[ours.title.pk])
    for term in (CPF, PRETTY, "529"):
        form = {"connection": ours.bling.pk, "person": term}
        pages = [
            login("operacao").post(live, form).content.decode(),
            login("operacao").get(link, {"person": term, "search": "1"}).content.decode(),
        ]
        assert all("não tem a permissão de procurar alguém pelo CPF" in page for page in pages), term


def test_the_order_of_numbers_is_for_who_sees_them(login: Login, ours: Rows) -> None:
    for name, document in (("Aaa", "01234567890"), ("Bbb", "98765432100")):
        Person.objects.create(
            connection=ours.bling, bling_id=ord(name[0]), name=name, document=document, read_at=ours.run.due_at
        )
    names = {}
    for role in ("operacao", "financeiro"):
        listed = login(role).get(url(Person, "changelist"), {"o": "1"}).context["cl"].result_list
        names[role] = [row.name for row in listed]
    assert names == {"operacao": ["Bbb", "Aaa", "Pessoa nossa"], "financeiro": ["Aaa", "Pessoa nossa", "Bbb"]}


def test_no_look_up_in_the_address_tells_a_number(login: Login, ours: Rows) -> None:
    for query in ({"document": CPF}, {"document__startswith": "529"}, {"email__contains": "@"}):
        page = login("operacao").get(url(Person, "changelist"), query)
        assert page.context["cl"].result_count == 0, query


def test_address_and_mail_follow_the_same_permission_on_every_page(login: Login, ours: Rows) -> None:
    Person.objects.filter(pk=ours.person.pk).update(**HOME)
    posting = ours.person.posting
    posting.desired = {"v": 2, "name": "Pessoa nossa", "document": CPF, "code": "1", **HOME}
    posting.save()
    attempt = Attempt.objects.create(
        kamino_connection=ours.kamino, person_posting=posting, operation="save_person", body=posting.desired,
        fingerprint="x", fence=1, started_at=ours.run.due_at, ended_at=ours.run.due_at, outcome="rejected",
    )  # fmt: skip
    addresses = [url(Person, "change", ours.person.pk), url(Attempt, "change", attempt.pk)]
    addresses += [url(model, "changelist") for model in MODELS] + [url(Title, "change", ours.title.pk)]
    secrets = [*(value for name, value in HOME.items() if name != "state"), CPF, PRETTY]
    shown = set()
    for address in addresses:
        page = login("operacao").get(address).content.decode()
        assert [secret for secret in secrets if secret in page] == [], address
        whole = login("financeiro").get(address).content.decode()
        shown |= {secret for secret in secrets if secret in whole}
    assert shown >= set(HOME.values()) - {"SP"}


SAID = f"CPF {CPF} já cadastrado para joana@example.com"


def test_what_an_older_version_kept_of_a_message_is_shown_masked(login: Login, ours: Rows) -> None:
    failure = {"kind": "rejected", "service": "Kamino", "message": SAID}
    Attempt.objects.filter(pk=ours.attempt.pk).update(failure=failure, message=SAID)
    Posting.objects.filter(pk=ours.posting.pk).update(reason="refused", reason_params={"message": SAID})
    ours.person.posting.__class__.objects.filter(person=ours.person).update(
        state="needs_human", reason="refused", reason_params={"message": SAID}
    )
    pages = [url(Attempt, "changelist"), url(Attempt, "change", ours.attempt.pk), url(Posting, "changelist"),
             url(Title, "change", ours.title.pk), url(Person, "change", ours.person.pk)]  # fmt: skip
    seen = False
    for address in pages:
        page = login("operacao").get(address).content.decode()
        assert CPF not in page, address
        assert "joana@example.com" not in page, address
        seen |= "já cadastrado" in page
    assert seen
