"""One company with a row in every table, so that every page has something to show."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.utils import timezone

from integrations.domain.contact_merge import Agreed, Difference
from integrations.domain.orders import DesiredOrder, OrderItem, OrderParcel
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement
from integrations.models import (
    Alert,
    ApiKey,
    Attempt,
    BlingAttempt,
    BlingConnection,
    BlingToken,
    BulkOrder,
    CatalogItem,
    ConnectionEvent,
    ContactWrite,
    CustomerWrite,
    Discrepancy,
    FilterRule,
    ForcedSettlement,
    KaminoConnection,
    KaminoItem,
    Mapping,
    MappingChange,
    MonthClosing,
    OrderWrite,
    PayableSheet,
    PayableWrite,
    Payment,
    Person,
    PersonPosting,
    PlannedWrite,
    Posting,
    RestoreHold,
    SettlementWrite,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
    Title,
    WriteBatch,
)

CPF = "52998224725"
DAY = date(2026, 11, 21)
SECRETS = {
    "client_secret": "canary-bling-secret",
    "access_token": "canary-access-token",
    "refresh_token": "canary-refresh-token",
    "app": "canary-kamino-app",
    "id_usr": "canary-kamino-idusr",
    "usr": "canary-kamino-usr",
    "hash": "canary-kamino-hash",
}


@dataclass
class Rows:
    """The rows of one company, by name."""

    tenant: Tenant
    bling: BlingConnection
    kamino: KaminoConnection
    category: CatalogItem
    free_category: CatalogItem
    chart_account: KaminoItem
    bank_account: KaminoItem
    mapping: Mapping
    filter: FilterRule
    person: Person
    title: Title
    posting: Posting
    planned: PlannedWrite
    attempt: Attempt
    run: SyncRun
    discrepancy: Discrepancy
    forced: ForcedSettlement
    alert: Alert
    change: MappingChange
    bulk: BulkOrder
    closing: MonthClosing
    hold: RestoreHold
    batch: WriteBatch
    payable: PayableWrite
    sheet: PayableSheet
    api_key: ApiKey
    settlement: SettlementWrite
    customer: CustomerWrite
    bill: OrderWrite

    @property
    def other_title(self) -> Title:
        """The title whose settlement is forced."""
        return self.planned.title

    def all(self) -> list[Any]:
        return [
            self.tenant, self.bling, self.kamino, self.category, self.chart_account, self.mapping, self.filter,
            self.person, self.title, self.posting, self.planned, self.attempt, self.run, self.discrepancy, self.forced,
            self.alert, self.change, self.bulk, self.closing, self.hold,
            self.batch, self.payable, self.sheet, self.api_key, self.settlement,
            self.customer, self.bill,
        ]  # fmt: skip


def make_user(name: str, *groups: str, **values: Any) -> User:
    user = User.objects.create_user(name, password="x", is_staff=True, **values)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def make_rows(slug: str, number: int, user: User) -> Rows:
    """Make a company whose names all contain its slug."""
    now = timezone.now()
    tenant = Tenant.objects.create(
        slug=slug, name=f"Empresa {slug}", cnpj="11222333000181", sync_from=DAY, delivery_mode="live"
    )
    bling = BlingConnection.objects.create(
        tenant=tenant, label=f"Bling {slug}", client_id=f"id-{slug}", client_secret=SECRETS["client_secret"],
        status="connected", company_id=f"{number:032x}", company_name=f"Empresa {slug}",
    )  # fmt: skip
    BlingToken.objects.create(
        connection=bling, access_token=SECRETS["access_token"], refresh_token=SECRETS["refresh_token"], kind="opaque",
        expires_at=now + timedelta(hours=6), refreshed_at=now,
    )  # fmt: skip
    ConnectionEvent.objects.create(connection=bling, at=now, code="connected", user=user)
    kamino = KaminoConnection.objects.create(
        tenant=tenant, base_url=f"https://{slug}.kamino.tech", cn=str(number), registers_read_at=now,
        payable_list="first", receivable_list="first",
        **{name: SECRETS[name] for name in ("app", "id_usr", "usr", "hash")},
    )  # fmt: skip
    chart, bank = (
        KaminoItem.objects.create(
            connection=kamino,
            kind=kind,
            kamino_id=f"{number}.{kind}",
            name=f"{kind} {slug}",
            folded_name=slug,
            read_at=now,
        )
        for kind in ("chart_account", "bank_account")
    )
    category, free = (
        CatalogItem.objects.create(
            connection=bling,
            kind="category",
            bling_id=number * 1000 + index,
            name=f"Categoria {index} {slug}",
            read_at=now,
        )
        for index in (1, 2)
    )
    mapping = Mapping.objects.create(
        connection=bling, kind="category", source=category, bling_name=str(category), chart_account=chart
    )
    filter_rule = FilterRule.objects.create(connection=bling, item=free)
    run = SyncRun.objects.create(connection=bling, state="done", due_at=now, started_at=now, ended_at=now)
    person = Person.objects.create(
        connection=bling, bling_id=number * 1000, name=f"Pessoa {slug}", document=CPF, kind="F", read_at=now
    )
    PersonPosting.objects.create(
        person=person, kamino_connection=kamino, state="delivered", kamino_id=number, ready_at=now, planned_at=now
    )
    title, posting = make_title(bling, kamino, person, category, number * 1000 + 1)
    Payment.objects.create(
        title=title, bordero_id=number, date=DAY, account_id=1, amount=Decimal("10"), interest=0, discount=0,
        surcharge=0, fee=0,
    )  # fmt: skip
    body = {"description": f"Conta {slug}"}
    attempt = Attempt.objects.create(
        kamino_connection=kamino, posting=posting, operation="create", body=body, fingerprint="x", fence=1,
        started_at=now, ended_at=now, outcome="rejected", message=f"Recusa {slug}",
    )  # fmt: skip
    stored = StoredDiscrepancy.objects.create(
        posting=posting, kind="value", bling_value="1234.56", kamino_value="10.00", opened_at=now, seen_at=now
    )
    discrepancy = Discrepancy.objects.get(pk=stored.pk)
    _other, other_posting = make_title(bling, kamino, person, category, number * 1000 + 2, state="ready")
    forced = ForcedSettlement.objects.create(
        posting=other_posting, date=DAY, amount=Decimal("10"), account=bank, reason=f"Motivo {slug}", user=user,
        created_at=now,
    )  # fmt: skip
    alert = Alert.objects.create(
        tenant=tenant, cause="kamino", params={"text": f"Chave recusada {slug}"}, opened_at=now
    )
    change = MappingChange.objects.create(
        tenant=tenant, origin="file", file_name=f"{slug}.xlsx", state="proposed", total_rows=1, user=user,
        created_at=now, headers=["Nome"], rows=[
            {
                "connection": bling.pk, "kind": "category", "source": free.pk, "person": None, "name": str(free),
                "old": {"chart_account": None, "cost_center": None, "business_unit": None},
                "new": {"chart_account": chart.pk, "cost_center": None, "business_unit": None},
                "errors": [], "line": 2, "cells": [],
            },
            {
                "connection": 0, "kind": "", "source": None, "person": None, "name": f"Linha ruim {slug}", "old": {},
                "new": {}, "line": 3, "cells": [slug],
                "errors": [{"column": "kind", "code": "said", "params": {"text": f"Errado {slug}"}}],
            },
        ],
    )  # fmt: skip
    bulk = BulkOrder.objects.create(
        tenant=tenant, kind="resync", user=user, created_at=now, key=uuid4(), title_ids=[title.pk], counted=1,
        cursor=1, done=1, left_out={f"Motivo {slug}": 1}, finished_at=now,
    )  # fmt: skip
    sums = ["A pagar", f"Categoria {slug}", "Aluguel", 1, "10.00", "0.00", "-10.00"]
    differs = [*sums[:3], f"NF 1 {slug}", 1, None, *sums[4:], f"Motivo {slug}"]
    table = {"rows": [sums], "differences": [differs]}
    closing = MonthClosing.objects.create(
        tenant=tenant, month=DAY.replace(day=1), version=1, made_by=user, made_at=now,
        numbers={"competence": table, "settled": table},
    )  # fmt: skip
    hold = RestoreHold.objects.create(
        kamino_connection=kamino, direction="payable", since=now, looked_at=now, ended_at=now, reason=f"Motivo {slug}"
    )
    entered, key, customer = (
        make_payable(bling, user, number),
        make_key(bling, user),
        make_customer(bling, user, number),
    )
    return Rows(
        tenant, bling, kamino, category, free, chart, bank, mapping, filter_rule, person, title, posting,
        PlannedWrite.objects.get(pk=other_posting.pk), attempt, run, discrepancy, forced, alert, change, bulk, closing,
        hold, *entered, key, make_settlement(entered[1], key), customer, make_bill(customer, number),
    )  # fmt: skip


def make_payable(bling: BlingConnection, user: User, number: int) -> tuple[WriteBatch, PayableWrite, PayableSheet]:
    """Make a payable that somebody entered for Bling, and that was sent once."""
    now, slug = timezone.now(), bling.tenant.slug
    batch = WriteBatch.objects.create(
        connection=bling, source="form", state="sending", count=1, total=Decimal("77.10"), user=user, created_at=now,
        reason=f"Motivo {slug}",
    )  # fmt: skip
    body = DesiredPayable(Decimal("77.10"), DAY, DAY, DAY, f"NF {slug}", f"Descrição {slug}")
    payable = PayableWrite.objects.create(
        batch=batch, connection=bling, contact_id=number * 1000, supplier_name=f"Fornecedor {slug}",
        supplier_document=CPF, value=Decimal("77.10"), due_date=DAY, document_number=f"NF {slug}",
        category_id=number * 1000 + 1, marker=f"AAAAAAA{number:03d}", accepted_at=now, state="delivered",
        bling_id=number * 1000 + 900, desired=body.to_json(), desired_fingerprint=body.fingerprint, ready_at=now,
        planned_at=now,
    )  # fmt: skip
    BlingAttempt.objects.create(
        connection=bling, payable=payable, operation="create", body=payable.desired, fingerprint="x", fence=1,
        started_at=now, ended_at=now, outcome="delivered",
    )  # fmt: skip
    sheet = PayableSheet.objects.create(
        connection=bling, file_name=f"contas-{slug}.xlsx", user=user, created_at=now,
        rows=[[2, {"supplier": f"Fornecedor {slug}", "value": "10,00", "due_date": "2027-01-20"}, []]],
    )  # fmt: skip
    return batch, payable, sheet


def make_key(bling: BlingConnection, user: User) -> ApiKey:
    slug = bling.tenant.slug
    return ApiKey.objects.create(
        connection=bling, label=f"Programa {slug}", digest=f"digest of {slug}", prefix="abcdef", created_by=user,
        created_at=timezone.now(), reason=f"Motivo {slug}",
    )  # fmt: skip


def make_settlement(payable: PayableWrite, key: ApiKey) -> SettlementWrite:
    """Make a settlement that a program asked for, and that was sent once."""
    now, slug = timezone.now(), key.connection.tenant.slug
    assert payable.bling_id is not None
    body = DesiredSettlement(payable.bling_id, DAY, history=f"Baixa {slug}")
    settlement = SettlementWrite.objects.create(
        connection=key.connection, payable=payable, api_key=key, title_id=payable.bling_id, value=payable.value,
        document_number=payable.document_number, category_id=payable.category_id, due_date=DAY, paid_on=DAY,
        fingerprint="x", accepted_at=now, state="delivered", bling_id=payable.bling_id + 1, desired=body.to_json(),
        desired_fingerprint=body.fingerprint, ready_at=now, planned_at=now,
    )  # fmt: skip
    BlingAttempt.objects.create(
        connection=key.connection, settlement=settlement, operation="settle", body=settlement.desired, fingerprint="x",
        fence=1, started_at=now, ended_at=now, outcome="delivered", settles=True,
    )  # fmt: skip
    return settlement


def make_customer(bling: BlingConnection, user: User, number: int) -> CustomerWrite:
    """Make a customer of another system that differs from its contact in Bling, and was sent once."""
    now, slug = timezone.now(), bling.tenant.slug
    key = ApiKey.objects.create(
        connection=bling, label=f"Sistema {slug}", digest=f"api digest of {slug}", prefix="abcdef", created_by=user,
        created_at=now, kind="api", system="auvo", customers="both",
    )  # fmt: skip
    told = DesiredContact(f"Cliente {slug}", CPF, "F", email=f"novo@{slug}.example")
    shown = replace(told, email=f"antigo@{slug}.example")
    agreed = Agreed(told, shown, (Difference("email", told.email, shown.email),))
    contact = ContactWrite.objects.create(
        connection=bling, name=told.name, folded_name=f"cliente {slug}", document=CPF, state="delivered",
        bling_id=number * 1000 + 800, desired=told.to_json(), desired_fingerprint=told.fingerprint, ready_at=now,
        planned_at=now,
    )  # fmt: skip
    customer = CustomerWrite.objects.create(
        connection=bling, api_key=key, contact=contact, system="auvo", ref=f"ref-{slug}", version=1, digest="x",
        name=told.name, document=CPF, accepted_at=now, state="needs_human", reason="fields_differ",
        bling_id=contact.bling_id, desired=told.to_json(), desired_fingerprint=told.fingerprint,
        delivered=agreed.to_json(), delivered_fingerprint=told.fingerprint, ready_at=now, planned_at=now,
    )  # fmt: skip
    BlingAttempt.objects.create(
        connection=bling, customer=customer, operation="update", body=customer.desired, fingerprint="x", fence=1,
        started_at=now, ended_at=now, outcome="delivered",
    )  # fmt: skip
    return customer


def make_bill(customer: CustomerWrite, number: int) -> OrderWrite:
    """Make a bill of another system that was sent once, and that Bling refused since."""
    now, slug, bling = timezone.now(), customer.connection.tenant.slug, customer.connection
    ApiKey.objects.filter(pk=customer.api_key_id).update(bills=True)
    wanted = DesiredOrder(
        DAY, (OrderItem("VISITA", f"Visita {slug}", Decimal(1), Decimal("88.20")),),
        (OrderParcel(DAY, Decimal("88.20"), "Boleto"),), f"BK-AAAAAAA{number:03d}", notes=f"Nota {slug}",
    )  # fmt: skip
    bill = OrderWrite.objects.create(
        connection=bling, api_key=customer.api_key, contact=customer.contact, system="auvo", ref=f"fatura-{slug}",
        version=1, digest="x", reference=wanted.reference, customer_name=customer.name, day=DAY, total=wanted.total,
        accepted_at=now, state="needs_human", reason="order_changed", bling_id=number * 1000 + 700, order_number="77",
        desired=wanted.to_json(), desired_fingerprint=wanted.fingerprint, ready_at=now, planned_at=now,
    )  # fmt: skip
    BlingAttempt.objects.create(
        connection=bling, order=bill, operation="create", body=bill.desired, fingerprint="x", fence=1, started_at=now,
        ended_at=now, outcome="delivered",
    )  # fmt: skip
    return bill


def make_title(
    bling: BlingConnection,
    kamino: KaminoConnection,
    person: Person,
    category: CatalogItem,
    bling_id: int,
    state: str = "needs_human",
) -> tuple[Title, Posting]:
    now = timezone.now()
    slug = bling.tenant.slug
    title = Title.objects.create(
        connection=bling, direction="payable", bling_id=bling_id, status="open",
        shown_status="open", status_number=1, due_date=DAY,
        value=Decimal("1234.56"), document_number=f"NF {bling_id} {slug}", person=person, contact_id=person.bling_id,
        category_id=category.bling_id, is_released=True, first_seen_at=now, read_at=now,
        changed_at=now,
    )  # fmt: skip
    desired = {
        "direction": "payable", "code": str(bling_id), "description": f"Conta {slug}", "document_number": "NF",
        "due_date": str(DAY), "competence_date": str(DAY), "value": "1234.56", "chart_account": "1",
        "cost_center": None, "business_unit": None, "status": "pending", "payment": None, "note": "",
        "person": str(person.bling_id),
    }  # fmt: skip
    posting = Posting.objects.create(
        title=title, kamino_connection=kamino, direction="payable", due_date=DAY, state=state, desired=desired,
        reason="possible_duplicate" if state == "needs_human" else "",
        reason_params={"ids": f"Recusado {slug}"} if state == "needs_human" else {}, ready_at=now, planned_at=now,
        candidates=[bling_id],
        problems=[{"code": "category_unmapped", "params": {"name": f"Categoria {slug}"}}],
    )  # fmt: skip
    return title, posting
