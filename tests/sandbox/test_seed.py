"""The seeded set: fixed by the seed, and holding what real accounts hold."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from stdnum.br import cnpj as numeric_cnpj
from stdnum.br import cpf

from sandbox.account import Account
from sandbox.documents import branch_of, cnpj_digits, punctuated
from sandbox.world import World

TODAY = date(2026, 11, 20)


def build(seed: int = 1, **more: Any) -> Account:
    return World(today=TODAY, seed=seed, unlimited=True).add_account("cheia", payables=300, receivables=300, **more)


@pytest.fixture(scope="module")
def full() -> Account:
    return build()


def content(account: Account) -> dict[str, Any]:
    kamino = account.kamino
    summary = {name: value for name, value in account.summary().items() if name in ("counts", "bling", "kamino")}
    return summary | {
        "contacts": [(c.id, c.name, c.document) for c in account.bling.contacts.values()],
        "keys": (account.bling.client_id, account.bling.cnpj, kamino.keys(), kamino.persons, kamino.charts),
        "provision": account.provision(),
    }


def test_the_same_seed_gives_the_same_world(full: Account) -> None:
    assert content(build()) == content(build())
    assert content(build(seed=2))["bling"] != content(full)["bling"]


def test_sizes_are_as_asked(full: Account) -> None:
    assert len(full.bling.titles_of("payable")) == len(full.bling.titles_of("receivable")) == 300
    assert 85 <= len(full.bling.contacts) <= 95


def test_half_is_paid_lately_and_all_statuses_occur(full: Account) -> None:
    for direction in ("payable", "receivable"):
        titles = full.bling.titles_of(direction)
        statuses = Counter(title.status for title in titles)
        assert set(statuses) == {1, 2, 3, 4, 5, 6, 7}
        assert 0.45 <= statuses[2] / len(titles) <= 0.55
        assert all(TODAY - timedelta(days=60) <= day <= TODAY for title in titles for day in title.payment_days)


def test_payments_come_in_every_shape(full: Account) -> None:
    bling = full.bling
    assert any(len(title.borderos) == 2 for title in bling.titles.values())
    shared = [bordero for bordero in bling.borderos.values() if len(bordero.lines) > 1]
    assert shared
    assert any(len({line.document_number for line in bordero.lines}) < len(bordero.lines) for bordero in shared)
    assert any(not line.document_number for bordero in bling.borderos.values() for line in bordero.lines)


def test_dates_and_registers_hold_the_odd_cases(full: Account) -> None:
    titles = full.bling.titles.values()
    assert any(title.issue is None for title in titles)
    assert any(title.due > TODAY + timedelta(days=729) for title in titles)
    assert any(title.due < TODAY - timedelta(days=1094) for title in titles)
    assert any(title.category == 0 for title in titles)
    assert any("/" in title.document_number for title in titles)
    names = {row["Nome"] for row in full.kamino.charts.values()}
    unknown = {account.name for account in full.bling.accounts.values()} - names
    assert unknown == {"Mercado Pago"}
    assert {title.account for title in titles} >= {0, max(full.bling.accounts)}


def test_documents_of_every_kind_occur(full: Account) -> None:
    documents = [contact.document for contact in full.bling.contacts.values()]
    plain = ["".join(char for char in document if char.isalnum()) for document in documents]
    letters = [text for text in plain if len(text) == 14 and not text.isdigit()]
    assert letters
    assert all(cnpj_digits(text[:12]) == text[12:] for text in letters)
    assert all(cpf.is_valid(text) for text in plain if len(text) == 11)
    numeric = [text for text in plain if len(text) == 14 and text.isdigit()]
    assert [text for text in numeric if not numeric_cnpj.is_valid(text)] == ["1" * 14]
    assert Counter(text[:8] for text in numeric).most_common(1)[0][1] == 2
    assert "" in documents
    assert any("." in document for document in documents)


def test_kamino_knows_some_persons_already(full: Account) -> None:
    bling, kamino = full.bling, full.kamino
    by_document = Counter(row["CPFCNPJ"] for row in kamino.persons.values())
    assert 2 in by_document.values()
    contacts = {contact.document: contact.name for contact in bling.contacts.values()}
    assert sum(document in contacts for document in by_document) == 2
    names = {contact.name: contact.document for contact in bling.contacts.values()}
    assert any(names.get(row["Nome"], row["CPFCNPJ"]) != row["CPFCNPJ"] for row in kamino.persons.values())


def test_contacts_changed_long_ago(full: Account) -> None:
    newest = max(contact.changed for contact in full.bling.contacts.values())
    assert newest.date() < TODAY - timedelta(days=30)


def test_unmapped_categories_have_no_namesake() -> None:
    account = build(unmapped=True)
    names = {row["Nome"].casefold() for row in account.kamino.charts.values()}
    lonely = [row for row in account.bling.categories.values() if row.name.casefold() not in names]
    assert len(lonely) > 15


def test_a_published_letter_cnpj_has_these_digits() -> None:
    assert cnpj_digits("12ABC34501DE") == "35"
    assert numeric_cnpj.is_valid(branch_of("11222333", 2))
    assert punctuated("12ABC34501DE35") == "12.ABC.345/01DE-35"
