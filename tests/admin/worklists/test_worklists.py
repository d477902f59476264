"""The list "Requer ação" by what has to be done, who looks after it, and what was said about it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import F, Q
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from integrations.admin.worklists.worklists import WORKLISTS
from integrations.models import FollowUp, ForcedSettlement, PlanRequest, Posting, RestoreHold, StoredDiscrepancy, Title
from tests.admin.world import Rows

URL = reverse("admin:integrations_posting_changelist")
IN = {
    "risk": {},
    "classification": {"problems": ["category_unmapped"]},
    "person": {"problems": ["person_refused"]},
    "release": {"problems": ["awaiting_release"]},
    "unconfirmed": {"state": "uncertain"},
    "conflict": {"state": "needs_human", "reason": "paid_differently"},
    "refused": {"state": "needs_human", "reason": "refused"},
    "partial": {"problems": ["partially_paid"], "state": "delivered"},
    "forced": {"state": "delivered"},
    "approval": {"state": "delivered"},
    "invalid": {"problems": ["invalid_document"]},
    "closed": {"problems": ["closed_period"]},
    "restored": {"state": "ready", "kamino_id": None},
}


def let_be(rows: Rows, worklist: str) -> None:
    """Bring the company's title into one worklist, and out of all others."""
    wanted: dict[str, Any] = {"state": "held", "reason": "", **IN[worklist]}
    params = dict.fromkeys(("name", "number", "message", "paid", "balance", "date", "id", "until"), "x")
    codes = [{"code": code, "params": params} for code in wanted.pop("problems", [])]
    others = Posting.objects.filter(kamino_connection=rows.kamino).exclude(pk=rows.posting.pk)
    sent = {"kamino_id": F("pk"), "delivered_fingerprint": F("desired_fingerprint")}
    others.update(state="delivered", problems=[], **sent)
    if worklist == "restored":
        RestoreHold.objects.filter(pk=rows.hold.pk).update(ended_at=None)
    Posting.objects.filter(pk=rows.posting.pk).update(**{**wanted, "problems": codes})
    Title.objects.filter(pk=rows.title.pk).update(status="open")
    now = timezone.now()
    ForcedSettlement.objects.filter(posting__kamino_connection=rows.kamino).update(undone_at=now)
    if worklist in ("forced", "approval"):
        ForcedSettlement.objects.filter(pk=rows.forced.pk).update(
            posting=rows.posting, undone_at=None, awaits_approval=worklist == "approval"
        )
    StoredDiscrepancy.objects.filter(posting=rows.posting).update(closed_at=now)
    if worklist == "risk":
        StoredDiscrepancy.objects.create(posting=rows.posting, kind="double_payment_risk", opened_at=now, seen_at=now)


def shows_any(user: Any, worklist: str) -> bool:
    request = RequestFactory().get(URL, {"worklist": worklist})
    request.user = user
    page = admin.site._registry[Posting]
    return page.get_changelist_instance(request).get_queryset(request).exists()


@pytest.mark.parametrize("worklist", WORKLISTS)
def test_each_worklist_has_its_titles_and_says_what_mends_them(
    login: Callable[[str], Client], ours: Rows, theirs: Rows, worklist: str
) -> None:
    let_be(ours, worklist)
    client = login("operacao")
    page = client.get(URL, {"worklist": worklist})
    assert [row.pk for row in page.context["cl"].queryset] == [ours.posting.pk]
    assert str(WORKLISTS[worklist].action) in page.content.decode()
    # A page's links to the other worklists show how many titles each has; what they list is asked without the page.
    assert [name for name in WORKLISTS if shows_any(page.wsgi_request.user, name)] == [worklist]
    counts = {str(row["label"]): row["count"] for row in page.context["worklists"]}
    assert counts == {str(entry.label): int(name == worklist) for name, entry in WORKLISTS.items()}


def test_what_a_person_took_out_is_in_no_worklist(login: Callable[[str], Client], ours: Rows) -> None:
    let_be(ours, "classification")
    Posting.objects.update(state="ignored")
    page = login("operacao").get(URL, {"worklist": "classification"})
    assert list(page.context["cl"].queryset) == []


def note(client: Client, rows: Rows, **data: str) -> str:
    post = {"action": "follow_up", "_selected_action": str(rows.posting.pk), "confirmed": "yes", **data}
    return client.post(URL, post, follow=True).content.decode()


def test_a_title_gets_a_responsible_person_and_a_comment(login: Callable[[str], Client], ours: Rows) -> None:
    let_be(ours, "classification")
    client = login("operacao")
    me = User.objects.get(pk=client.session["_auth_user_id"])
    assert "1 título anotado" in note(client, ours, responsible=str(me.pk), comment="Falei com o contador")
    row = FollowUp.objects.get()
    assert (row.responsible, row.comment) == (me, "Falei com o contador")
    assert "Falei com o contador" in client.get(URL).content.decode()
    assert client.get(URL, {"responsible": "me"}).context["cl"].queryset.count() == 1
    assert client.get(URL, {"responsible": "nobody"}).context["cl"].queryset.count() == 0
    note(client, ours, responsible="nobody")
    row.refresh_from_db()
    assert (row.responsible, row.comment) == (None, "Falei com o contador")
    title = client.get(reverse("admin:integrations_title_change", args=[ours.title.pk])).content.decode()
    assert "Falei com o contador" in title  # the timeline keeps every word, with its author


def test_nothing_said_is_refused_and_strangers_cannot_be_chosen(login: Callable[[str], Client], ours: Rows) -> None:
    let_be(ours, "classification")
    client = login("operacao")
    assert "Escolha quem cuida" in note(client, ours, responsible="untouched", comment=" ")
    stranger = User.objects.create_user("estranha", is_staff=True)
    note(client, ours, responsible=str(stranger.pk), comment="x")
    assert not FollowUp.objects.filter(Q(responsible=stranger) | Q(comment="x")).exists()


def test_a_whole_worklist_is_mended_at_once(login: Callable[[str], Client], ours: Rows) -> None:
    let_be(ours, "refused")
    client = login("operacao")
    address = reverse("admin:integrations_posting_whole_list", args=["retry"]) + "?worklist=refused"
    page = client.get(address)
    assert "1 título" in page.content.decode()
    hidden = dict(re.findall(r'name="(mark|key)" value="([^"]*)"', page.content.decode()))
    client.post(address, hidden)
    assert PlanRequest.objects.filter(title=ours.title).exists()


def test_the_list_asks_few_questions(
    login: Callable[[str], Client], ours: Rows, django_assert_max_num_queries: Any
) -> None:
    let_be(ours, "classification")
    client = login("operacao")
    client.get(URL)
    with django_assert_max_num_queries(12):
        client.get(URL, {"worklist": "classification"})


def test_a_title_waits_since_its_reason_was_first_seen(login: Callable[[str], Client], ours: Rows) -> None:
    let_be(ours, "classification")
    now = timezone.now()
    Posting.objects.filter(pk=ours.posting.pk).update(planned_at=now)
    client = login("operacao")
    assert "3 dias" not in client.get(URL, {"worklist": "classification"}).content.decode()
    began = now - timedelta(days=3, hours=1)
    StoredDiscrepancy.objects.create(
        posting=ours.posting, kind="edited_in_kamino", seen_at=now, opened_at=now - timedelta(days=9)
    )
    problem = {"code": "category_unmapped", "params": {"name": "x"}, "since": began.isoformat()}
    Posting.objects.filter(pk=ours.posting.pk).update(problems=[problem])
    page = client.get(URL, {"worklist": "classification", "o": "7"})
    assert "3 dias" in page.content.decode()
    assert "9 dias" not in page.content.decode()
