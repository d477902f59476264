"""The human page: look at both sides and edit them by hand, in Portuguese, without any outside asset."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.bling.records import Direction, Title
from sandbox.faults import KINDS, Fault
from sandbox.kamino.fields import FIELDS, Row
from sandbox.kamino.titles_book import bling_key
from sandbox.page_actions import BLING_ACTIONS, KAMINO_ACTIONS
from sandbox.wire import Day, Money, as_date, money

if TYPE_CHECKING:
    from sandbox.account import Account
    from sandbox.world import World

PAGE_SIZE = 25
DIRECTIONS: dict[str, Direction] = {"pagar": "payable", "receber": "receivable"}
BLING_STATUS = {
    1: "Em aberto",
    2: "Pago",
    3: "Parcial",
    4: "Devolvido",
    5: "Cancelado",
    6: "Devolvido parcial",
    7: "Confirmado",
}
KAMINO_STATUS = {1: "Pendente", 2: "Paga", 3: "Aguardando aprovação"}
FAULT_LABELS = {
    "429": "429 (limite por segundo)",
    "429_day": "429 (limite diário)",
    "500": "Erro 500",
    "503": "Erro 503",
    "slow": "Resposta lenta",
    "cut_before": "Corte antes de gravar",
    "cut_after": "Corte depois de gravar",
    "html": "HTML em vez de JSON",
    "wrong_host": "Endereço bloqueado (403)",
    "truncated": "JSON pela metade",
    "token_lost": "Renovação perdida após rotação",
    "invalid_grant": "invalid_grant",
    "repeat_page": "Página repetida",
    "page_shift": "Página deslocada",
    "ignore_filter": "Filtro ignorado",
    "stray_row": "Linha que não foi pedida",
    "odd_before": "Resposta estranha, sem gravar",
    "odd_after": "Resposta estranha, depois de gravar",
    "another_id": "Gravação com outro número",
    "answer": "Resposta à escolha",
}


def reais(value: Money) -> str:
    """Return an amount as Brazilians write it: 1.234,56."""
    return f"{money(value):,.2f}".translate(str.maketrans(",.", ".,"))


def brazilian_day(value: Day) -> str:
    """Return a day as Brazilians write it: 31/12/2026."""
    return f"{as_date(value):%d/%m/%Y}" if value else ""


def mount(app: Flask, world: World) -> None:
    """Add the pages and their forms."""

    def locked(view: Callable[..., Any]) -> Callable[..., Any]:
        def under_lock(**values: str) -> Any:
            with world.lock:
                return view(world, **values)

        return under_lock

    for rule, view, methods in (
        ("/", _home, ["GET"]),
        ("/falhas", _faults, ["POST"]),
        ("/conta/<slug>", _account_page, ["GET"]),
        ("/conta/<slug>/<any(bling,kamino):side>/<action>", _act, ["POST"]),
    ):
        app.add_url_rule(rule, endpoint=f"page {rule}", view_func=locked(view), methods=methods)


def _home(world: World) -> str:
    return render_template(
        "home.html", world=world, accounts=world.accounts.values(), kinds=FAULT_LABELS, message=request.args.get("m")
    )


def _faults(world: World) -> Response:
    """Arm or clear fault switches from the form."""
    form = request.form
    if form.get("clear"):
        world.faults.clear()
        return redirect("/?" + urlencode({"m": "Falhas desligadas."}))
    try:
        if form["kind"] not in KINDS:
            raise ValueError(form["kind"])
        fault = Fault(
            side="bling" if form["side"] == "bling" else "kamino",
            kind=form["kind"],  # type: ignore[arg-type]  # checked above
            method=form.get("method") or "*",
            path=form.get("path") or "/",
            times=int(form.get("times") or 1),
            after=int(form.get("after") or 0),
            account=form.get("account") or None,
            seconds=float(form.get("seconds") or 1),
        )
    except ValueError as error:
        return redirect("/?" + urlencode({"m": f"Falha não ligada: {error}"}))
    world.faults.add(fault)
    return redirect("/?" + urlencode({"m": f"Falha ligada: {FAULT_LABELS[fault.kind]}."}))


def _account(world: World, slug: str) -> Account:
    if slug not in world.accounts:
        raise NotFound
    return world.account(slug)


def _account_page(world: World, slug: str) -> str:
    """Show both sides of one company, newest first, or only what a search by id finds."""
    account = _account(world, slug)
    kind = request.args.get("tipo", "pagar")
    direction = DIRECTIONS.get(kind, "payable")
    wanted, page = request.args.get("id", "").strip(), max(1, request.args.get("pagina", 1, type=int))
    titles = [title for title in account.bling.titles_of(direction) if wanted in ("", str(title.id))]
    rows = [row for row in account.kamino.titles(direction) if _is_wanted(direction, row, wanted)]
    start = (page - 1) * PAGE_SIZE
    return render_template(
        "account.html",
        world=world,
        account=account,
        kind=kind,
        direction=direction,
        wanted=wanted,
        page=page,
        pages=max(1, -(-max(len(titles), len(rows)) // PAGE_SIZE)),
        titles=[_bling_view(account, title) for title in sorted(titles, key=_newest)[start : start + PAGE_SIZE]],
        rows=[_kamino_view(account, direction, row) for row in rows[::-1][start : start + PAGE_SIZE]],
        totals=(len(titles), len(rows)),
        message=request.args.get("m"),
    )


def _newest(title: Title) -> int:
    return -title.id


def _is_wanted(direction: Direction, row: Row, wanted: str) -> bool:
    return not wanted or wanted in (str(row["ID"]), bling_key(direction, row))


def _bling_view(account: Account, title: Title) -> dict[str, Any]:
    bling = account.bling
    contact, category = bling.contacts.get(title.contact), bling.categories.get(title.category)
    return {
        "title": title,
        "status": BLING_STATUS.get(title.status, str(title.status)),
        "contact": contact.name if contact else "",
        "category": category.name if category else "(sem categoria)",
        "twin": account.kamino.find(title.direction, title.id) if len(bling.titles) < 5_000 else None,
    }


def _kamino_view(account: Account, direction: Direction, row: Row) -> dict[str, Any]:
    fields, kamino = FIELDS[direction], account.kamino
    return {
        "id": row["ID"],
        "bling_id": bling_key(direction, row) or "",
        "description": row[fields.description],
        "person": kamino.persons.get(row["IDPessoa"], {}).get("Nome", ""),
        "due": (row[fields.due] or "")[:10],
        "value": row[fields.value],
        "status": KAMINO_STATUS.get(row[fields.status], str(row[fields.status])),
        "paid_on": (row[fields.paid_on] or "")[:10],
        "paid_value": row[fields.paid_value],
        "chart": kamino.charts.get(row[fields.chart], {}).get("Nome", ""),
        "reconciled": bool(row["IDConciliacaoBancaria"]),
    }


def _act(world: World, slug: str, side: str, action: str) -> Response:
    """Do what a form asks and go back to where it was."""
    account, form = _account(world, slug), request.form.to_dict()
    kind = form.pop("tipo", "pagar")
    direction = DIRECTIONS.get(kind, "payable")
    actions = BLING_ACTIONS if side == "bling" else KAMINO_ACTIONS
    if action not in actions:
        raise NotFound
    try:
        message = actions[action](account, direction, form)
    except (LookupError, ValueError, ArithmeticError, StopIteration) as error:
        message = f"Não foi possível: {error!r}"
    back = {"tipo": kind, "id": form.get("busca", ""), "m": message}
    return redirect(f"/conta/{slug}?{urlencode(back)}")
