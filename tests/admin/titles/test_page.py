"""The title's page: one answer on top, both sides, one timeline, few queries."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext

from integrations.models import (
    Attempt,
    KaminoSnapshot,
    PersonAction,
    Posting,
    RestoreHold,
    StoredDiscrepancy,
    Tenant,
    Title,
    TitleChange,
)
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows, make_title

MOST_QUERIES = 26


def page_of(client: Client, title: Title) -> str:
    return client.get(url(Title, "change", title.pk)).content.decode()


def answer_of(page: str) -> str:
    found = re.search(r'id="answer"[^>]*>([^<]*)<', page)
    assert found
    return found[1]


def in_portuguese(text: str, **values: Any) -> str:
    with translation.override("pt-br"):
        return gettext(text) % values


def test_the_answer_says_what_is_wrong_and_why(login: Callable[[str], Client], ours: Rows) -> None:
    answer = answer_of(page_of(login("operacao"), ours.title))
    assert answer.startswith(in_portuguese("It is not known whether it is in Kamino."))
    assert "Recusado nossa" in answer


def test_a_title_held_after_a_restore_is_not_said_to_be_sent_soon(login: Callable[[str], Client], ours: Rows) -> None:
    Posting.objects.filter(pk=ours.posting.pk).update(state="ready", problems=[], reason="")
    Tenant.objects.filter(pk=ours.tenant.pk).update(delivery_mode="live")
    RestoreHold.objects.create(kamino_connection=ours.kamino, direction=ours.title.direction, since=timezone.now())
    answer = answer_of(page_of(login("operacao"), ours.title))
    assert answer.startswith(in_portuguese("It is not known whether it is in Kamino."))
    assert "O banco de dados foi restaurado" in answer


def test_the_origin_of_a_title_is_said_in_words(login: Callable[[str], Client], ours: Rows) -> None:
    Title.objects.filter(pk=ours.title.pk).update(origin="sale", origin_kind="venda", origin_number="77")
    page = page_of(login("operacao"), ours.title)
    assert "Venda 77" in page
    assert "Origin" not in page


def test_a_title_that_a_person_excluded_says_who_and_why(login: Callable[[str], Client], ours: Rows, root: Any) -> None:
    Posting.objects.filter(pk=ours.posting.pk).update(state="ignored")
    PersonAction.objects.create(
        posting=ours.posting, kind="ignore", reason="Pago em dinheiro", user=root, at=timezone.now()
    )
    answer = answer_of(page_of(login("operacao"), ours.title))
    assert "Pago em dinheiro" in answer
    assert "root" in answer


def test_what_kamino_was_seen_to_hold_is_shown_with_its_age_and_marked(
    login: Callable[[str], Client], ours: Rows
) -> None:
    told = ours.posting.desired
    Attempt.objects.filter(posting=ours.posting).update(outcome="delivered")
    Posting.objects.filter(pk=ours.posting.pk).update(
        state="delivered", reason="", kamino_id=77, delivered=told, problems=[]
    )
    seen = KaminoSnapshot.objects.create(
        kamino_connection=ours.kamino, direction="payable", kamino_id=77, value=Decimal("999.99"), person_id=11,
        due_date=date(2026, 11, 21),
        read_at=timezone.now() + timedelta(seconds=5),
    )  # fmt: skip
    client = login("operacao")
    page = page_of(client, ours.title)
    assert "R$\u00a0999,99" in page
    assert answer_of(page).startswith(in_portuguese("Kamino shows something else than was sent."))
    KaminoSnapshot.objects.filter(pk=seen.pk).update(read_at=timezone.now() - timedelta(days=2))
    older = page_of(client, ours.title)
    assert "R$\u00a0999,99" not in older, "what was sent after the reading is newer than it"
    assert answer_of(older).startswith(in_portuguese("It is not settled in Kamino because it is open in Bling too."))


def test_the_timeline_tells_both_systems_and_people(login: Callable[[str], Client], ours: Rows, root: Any) -> None:
    now = timezone.now()
    TitleChange.objects.create(
        title=ours.title, at=now,
        values={
            "value": ["100.00", "1234.56"], "category_id": ["0", str(ours.category.bling_id)],
            "contact_id": ["5", str(ours.person.bling_id)], "status": ["open", "settled"],
        },
    )  # fmt: skip
    PersonAction.objects.create(posting=ours.posting, kind="retry", reason="Liguei lá", user=root, at=now)
    page = page_of(login("operacao"), ours.title)
    timeline = page[page.index('class="ik-timeline"') :]
    for words in (
        "R$\u00a0100,00 → R$\u00a01.234,56", f"→ {ours.category}", "5 → Pessoa nossa", "Pendente → Pago",
        "Liguei lá", "Recusa nossa", "Categoria nossa",
    ):  # fmt: skip
        assert words in timeline, words


def test_other_installments_are_listed(login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
    for rows in (ours, theirs):
        rows.other_title.origin_id, rows.other_title.origin_kind = 9, "venda"
        rows.other_title.save()
    ours.title.origin_id, ours.title.origin_kind = 9, "venda"
    ours.title.save()
    page = page_of(login("root"), ours.title)
    assert str(ours.other_title.document_number) in page
    assert str(theirs.other_title.document_number) not in page


def test_links_lead_only_where_somebody_said_so(login: Callable[[str], Client], ours: Rows, settings: Any) -> None:
    client = login("operacao")
    settings.SCREEN_URLS = {}
    assert 'target="_blank"' not in page_of(client, ours.title)
    settings.SCREEN_URLS = {"bling_payable": "https://example.com/t/{id}", "kamino_payable": "javascript:alert(1)"}
    page = page_of(client, ours.title)
    assert f"https://example.com/t/{ours.title.bling_id}" in page
    assert "javascript:alert" not in page


@pytest.mark.parametrize("role", ["operacao", "financeiro", "root"])
def test_the_page_asks_few_questions(role: str, login: Callable[[str], Client], ours: Rows, root: Any) -> None:
    now = timezone.now()
    for number in range(5):
        other, _posting = make_title(ours.bling, ours.kamino, ours.person, ours.category, 70_000 + number)
        Title.objects.filter(pk=other.pk).update(origin_id=9)
        PersonAction.objects.create(posting=ours.posting, kind="retry", user=root, at=now)
        Attempt.objects.create(
            kamino_connection=ours.kamino, posting=ours.posting, operation="update", body={}, fingerprint="x",
            fence=number + 9, started_at=now, ended_at=now, outcome="transient",
        )  # fmt: skip
        StoredDiscrepancy.objects.create(
            posting=ours.posting, kind="partial", opened_at=now, seen_at=now, closed_at=now
        )
        TitleChange.objects.create(
            title=ours.title, at=now, values={"category_id": ["0", "1"], "contact_id": ["0", "2"]}
        )
    Title.objects.filter(pk=ours.title.pk).update(origin_id=9)
    Posting.objects.filter(pk=ours.posting.pk).update(kamino_id=77)
    client = login(role)
    page_of(client, ours.title)  # what every process remembers after its first page: content types, sites
    with CaptureQueriesContext(connection) as queries:
        page = page_of(client, ours.title)
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)
    assert "NF 70000" in page
