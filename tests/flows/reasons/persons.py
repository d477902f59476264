"""What the plan lacks of a title's customer or supplier."""

from collections.abc import Iterator

from django.urls import reverse

from integrations.domain.reasons import Reason
from integrations.models import GoneInBling, PersonPosting
from sandbox.faults import Fault
from tests.flows.helpers import Company
from tests.flows.reasons.walk import Desk, scenario

DOCUMENT, ANOTHER = "11222333000181", "04252011000110"


@scenario(Reason.PERSON_MISSING)
def person_missing(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", contact=0)
    company.sync()
    yield title
    company.bling.edit_title(title, contact=company.bling.add_contact(name="Sol", document="", kind="J"))
    company.sync()


@scenario(Reason.PERSON_UNREAD)
def person_read_later(company: Company, _desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Sol", document="", kind="J")
    company.bling.world.faults.add(Fault("bling", kind="500", path=f"/contatos/{contact}", times=10_000))
    title = company.add_title("payable", contact=contact)
    company.sync()
    yield title
    company.bling.world.faults.clear()
    company.sync()


@scenario(Reason.PERSON_UNREAD)
def person_deleted_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Sol", document="", kind="J")
    title = company.add_title("payable", contact=contact)
    del company.bling.contacts[contact]
    company.sync()
    assert GoneInBling.objects.exists()
    yield title
    company.bling.edit_title(title, contact=company.bling.add_contact(name="Lua", document="", kind="J"))
    company.sync()


def _person_refused(company: Company) -> tuple[int, int]:
    contact = company.bling.add_contact(name="Sol", document=DOCUMENT, kind="J")
    title = company.add_title("payable", contact=contact)
    company.kamino.reject_next("E-mail inválido", match="Sol")
    company.sync()
    return title, contact


@scenario(Reason.PERSON_REFUSED)
def person_corrected_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title, contact = _person_refused(company)
    yield title
    company.bling.edit_contact(contact, email="novo@sol.example")
    desk.press(title, "resync_this")


@scenario(Reason.PERSON_REFUSED)
def person_refused_for_a_setting_of_kamino(company: Company, desk: Desk) -> Iterator[int]:
    title, _contact = _person_refused(company)
    yield title
    desk.press(title, "resync_this")


def decide_person(desk: Desk, title: int, label: str) -> None:
    """Choose "Decidir" on the title's page, which leads to its person's, and there the answer that begins like this."""
    leads = desk.client.post(reverse("admin:integrations_title_decide_this", args=[desk.company.title(title).pk]))
    found = desk.client.get(leads["Location"]).context["form"].fields["choice"].choices
    [choice] = [place for place, text in found if str(text).startswith(label)]
    desk.client.post(leads["Location"], {"choice": choice, "reason": "Conferido"})
    desk.company.work()


def _of_two_persons(company: Company) -> int:
    for name in ("Sol A", "Sol B"):
        company.kamino.add_person(name, document=DOCUMENT)
    contact = company.bling.add_contact(name="Padaria Sol", document=DOCUMENT, kind="J")
    title = company.add_title("payable", contact=contact)
    company.sync()
    return title


@scenario(Reason.PERSON_UNDECIDED, ends="delivered")
def person_undecided(company: Company, desk: Desk) -> Iterator[int]:
    title = _of_two_persons(company)
    yield title
    first, second = company.kamino.persons_with(DOCUMENT)
    decide_person(desk, title, f"É a pessoa {second['ID']}")
    assert company.in_kamino("payable", title)["IDPessoa"] == second["ID"] != first["ID"]


def _of_another_number(company: Company, **changes: str) -> int:
    """Return a new title of a contact that got another CNPJ in Bling after its first title was sent."""
    contact = company.bling.add_contact(name="Padaria Sol", document=DOCUMENT, kind="J")
    company.add_title("payable", contact=contact)
    company.sync()
    company.bling.edit_contact(contact, document=ANOTHER, **changes)
    title = company.add_title("payable", contact=contact, value="250.00")
    company.sync()
    return title


@scenario(Reason.DOCUMENT_DIFFERS)
def another_company(company: Company, desk: Desk) -> Iterator[int]:
    title = _of_another_number(company, name="Outro Nome SA")
    yield title
    decide_person(desk, title, "É outra empresa")


@scenario(Reason.DOCUMENT_DIFFERS)
def same_company(company: Company, desk: Desk) -> Iterator[int]:
    title = _of_another_number(company)
    yield title
    company.kamino.edit_person(PersonPosting.objects.get().kamino_id or 0, CPFCNPJ=ANOTHER)
    decide_person(desk, title, "É a mesma empresa")


@scenario(Reason.DOCUMENT_DIFFERS)
def wrong_number_in_bling(company: Company, desk: Desk) -> Iterator[int]:
    title = _of_another_number(company)
    yield title
    decide_person(desk, title, "O número da Kamino está certo")


@scenario(Reason.INVALID_DOCUMENT)
def invalid_document(company: Company, _desk: Desk) -> Iterator[int]:
    contact = company.bling.add_contact(name="Errado SA", document="11.222.333/0001-80", kind="J")
    title = company.add_title("payable", contact=contact)
    company.sync()
    yield title
    company.bling.edit_contact(contact, document=DOCUMENT)
    company.sync()
