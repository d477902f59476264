"""Seeded persons: every kind of document that real registers hold, on both sides."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from faker import Faker

from sandbox.documents import branch_of, punctuated, random_cnpj, random_cpf, random_letter_cnpj
from sandbox.names import TRICKY_NAMES

if TYPE_CHECKING:
    from sandbox.account import Account

STATES = ("SP", "RJ", "MG", "PR", "RS", "SC", "BA", "PE", "CE", "GO")
#: Distinct street and town texts; a register of 30,000 contacts needs no more of them.
POOL = 60


def fill_contacts(account: Account, rng: Random, count: int) -> list[int]:
    """Create `count` contacts and the few persons that Kamino already has; return the contacts' ids."""
    fake = Faker("pt_BR")
    fake.seed_instance(rng.randrange(10**9))
    streets, towns = [fake.street_name() for _ in range(POOL)], [fake.city() for _ in range(POOL)]
    ids = _special(account, rng)
    while len(ids) < count:
        kind = "F" if rng.random() < 0.35 else "J"
        name = fake.name() if kind == "F" else f"{fake.company()} {len(ids)}"
        document = random_cpf(rng) if kind == "F" else _company_document(rng)
        ids.append(
            account.bling.add_contact(
                name=name,
                kind=kind,
                document=punctuated(document) if rng.random() < 0.3 else document,
                fantasia="" if kind == "F" else name.split()[0],
                email=_email(rng, len(ids)),
                address=_address(rng, streets, towns),
                types=rng.choice((("Cliente",), ("Fornecedor",), ("Cliente", "Fornecedor"))),
                code=str(len(ids)),
                phone=f"11{rng.randrange(30_000_000, 39_999_999)}",
            )
        )
    _known_to_kamino(account, ids)
    return ids


def _company_document(rng: Random) -> str:
    """Return a CNPJ; one company in ten is young enough to have letters in it."""
    return random_letter_cnpj(rng) if rng.random() < 0.1 else random_cnpj(rng)


def _email(rng: Random, place: int) -> str:
    if rng.random() < 0.2:
        return ""
    one = f"financeiro{place}@example.com"
    return f"{one}, cobranca{place}@example.com" if rng.random() < 0.1 else one


def _address(rng: Random, streets: list[str], towns: list[str]) -> dict[str, str]:
    return {
        "endereco": rng.choice(streets),
        "numero": str(rng.randrange(1, 3000)),
        "complemento": "",
        "bairro": "Centro",
        "cep": f"{rng.randrange(10_000_000, 99_999_999)}",
        "municipio": rng.choice(towns),
        "uf": rng.choice(STATES),
    }


def _special(account: Account, rng: Random) -> list[int]:
    """Create the contacts that clients stumble over."""
    bling = account.bling
    ids = [
        bling.add_contact(
            name=name,
            kind=kind,
            document=random_cpf(rng) if kind == "F" else random_cnpj(rng),
            types=("Cliente", "Fornecedor"),
        )
        for name, kind in TRICKY_NAMES
    ]
    root = random_cnpj(rng)[:8]
    for branch, place in ((1, "Matriz"), (2, "Filial")):
        ids.append(bling.add_contact(f"Rede Aurora {place}", branch_of(root, branch), types=("Cliente", "Fornecedor")))
    ids.append(bling.add_contact("Tecnologia Nova Era SA", random_letter_cnpj(rng), types=("Fornecedor",)))
    ids.append(bling.add_contact("Feira de Rua (sem documento)", "", kind="F", types=("Fornecedor",)))
    ids.append(bling.add_contact("Cadastro Antigo ME", "11111111111111", types=("Fornecedor",)))
    ids.append(bling.add_contact("Overseas Trading LLC", "", kind="E", types=("Fornecedor",)))
    return ids


def _known_to_kamino(account: Account, ids: list[int]) -> None:
    """Put a few persons into Kamino: a namesake by document, one by name only, and a doubled one."""
    bling, kamino = account.bling, account.kamino
    first, second, third = (bling.contacts[ids[place]] for place in (0, 2, 3))
    kamino.add_person(
        first.name.upper(),
        first.document,
        Fornecedor=True,
        Email="antigo@example.com",
        ChavePix="pix@example.com",
        TipoChavePix="email",
        NomeBanco="Itaú",
        AgenciaBancaria="1234",
        ContaBancaria="56789",
    )
    kamino.add_person(second.name, random_cpf(Random("namesake")), Cliente=True)
    kamino.add_person(third.name, third.document, Fornecedor=True)
    kamino.add_person(f"{third.name} (duplicado)", third.document, Fornecedor=True)
