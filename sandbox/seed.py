"""What a company starts with: a small register set for tests, or a realistic set of any size, fixed by the seed."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from sandbox.names import (
    ACCOUNTS,
    CATEGORIES,
    CHART_NATURES,
    COST_CENTERS,
    GROUPS,
    KAMINO_SPELLINGS,
    STRANGE_ACCOUNT,
    STRANGE_CATEGORIES,
    UNITS,
    UNMAPPED_WORDS,
)

if TYPE_CHECKING:
    from sandbox.account import Account

SMALL_CONTACTS = (
    ("Papelaria Horizonte Ltda", "11222333000181", "J", ("Fornecedor",)),
    ("Maria Aparecida Souza", "52998224725", "F", ("Cliente",)),
    ("Distribuidora Norte S.A.", "45997418000153", "J", ("Cliente", "Fornecedor")),
)
#: Bling's change feed must stay quiet about contacts that nobody edited.
CONTACT_AGE = timedelta(days=120)


def fill_small(account: Account, *, unmapped: bool = False) -> None:
    """Give a company registers, accounts and three contacts; no titles."""
    fill_registers(account, unmapped=unmapped)
    bling = account.bling
    for name, document, kind, types in SMALL_CONTACTS:
        bling.add_contact(
            name=name, document=document, kind=kind, types=types, email=f"contato{len(bling.contacts)}@example.com"
        )
    age_contacts(account)


def fill_large(account: Account, *, payables: int, receivables: int, unmapped: bool = False) -> None:
    """Give a company a realistic set: registers, persons on both sides, titles in every state."""
    from sandbox.seed_contacts import fill_contacts  # Faker takes a while to import; small sets do without
    from sandbox.seed_titles import fill_titles

    fill_registers(account, unmapped=unmapped)
    rng = Random(f"seed:{account.world.seed}:{account.slug}")
    contacts = fill_contacts(account, rng, max(12, (payables + receivables) * 15 // 100))
    fill_titles(account, rng, contacts, payables=payables, receivables=receivables)
    age_contacts(account)


def fill_registers(account: Account, *, unmapped: bool = False) -> None:
    """Create categories, accounts, channels, and Kamino's chart with namesakes, groups and near misses."""
    bling, kamino = account.bling, account.kamino
    ids: dict[str, int] = {}
    for name, kind, parent in CATEGORIES:
        ids[name] = bling.add_category(name, kind=kind, parent=ids.get(parent, 0))
    for name, kind in STRANGE_CATEGORIES:
        bling.add_category(name, kind=kind)
    if unmapped:
        for place, word in enumerate(UNMAPPED_WORDS):
            bling.add_category(f"{word} – projeto {place + 1}", kind=1 + place % 2)
    for name in (*ACCOUNTS, STRANGE_ACCOUNT):
        bling.add_account(name, kind="caixa" if name.startswith("Caixa") else "banco")
    bling.add_channel("Loja virtual", UNITS)

    charts: dict[str, str] = {}
    for name, kind, parent in CATEGORIES:
        charts[name] = kamino.add_chart_account(
            KAMINO_SPELLINGS.get(name, name),
            parent=charts.get(parent),
            takes_postings=name not in GROUPS,
            nature=CHART_NATURES.get(kind),
        )
    kamino.add_chart_account("Conta antiga", active=False)
    for name in COST_CENTERS:
        kamino.add_cost_center(name)
    for name in UNITS:
        kamino.add_business_unit(name)
    for name in ACCOUNTS:
        kamino.add_bank_account(name)


def age_contacts(account: Account) -> None:
    """Let every contact have been changed long ago."""
    old = account.world.now() - CONTACT_AGE
    for contact in account.bling.contacts.values():
        contact.changed = contact.created = old
    account.bling.touch()
