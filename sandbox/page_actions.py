"""What the forms of the human page do, each answering with a sentence about what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.bling.records import Direction
from sandbox.kamino.fields import FIELDS

if TYPE_CHECKING:
    from sandbox.account import Account

Form = dict[str, str]
Action = Callable[["Account", Direction, Form], str]


def _amount(text: str) -> str:
    """Return an amount typed as 1.234,56 or as 1234.56 in the second form."""
    return text.replace(".", "").replace(",", ".") if "," in text else text


def _create(account: Account, direction: Direction, form: Form) -> str:
    id = account.bling.add_title(
        direction,
        value=_amount(form["value"]),
        due=form["due"],
        contact=int(form["contact"]),
        category=int(form["category"]),
        document_number=form.get("document_number", ""),
        history=form.get("history", ""),
    )
    return f"Título {id} criado no Bling."


def _edit(account: Account, direction: Direction, form: Form) -> str:
    value, category = _amount(form["value"]), int(form["category"])
    id = account.bling.edit_title(int(form["id"]), value=value, due=form["due"], category=category)
    return f"Título {id} alterado no Bling."


def _pay(account: Account, direction: Direction, form: Form) -> str:
    """Pay from the title's own account, or from the first one when it has none."""
    bling, id = account.bling, int(form["id"])
    paying = bling.titles[id].account or next(iter(bling.accounts))
    bordero = bling.pay(id, amount=_amount(form.get("amount", "")) or None, account=paying)
    return f"Pagamento {bordero} registrado no Bling."


def _reverse(account: Account, direction: Direction, form: Form) -> str:
    bling, id = account.bling, int(form["id"])
    bling.reverse_payment(id, bling.titles[id].borderos[-1])
    return f"Último pagamento do título {id} estornado no Bling."


def _cancel(account: Account, direction: Direction, form: Form) -> str:
    account.bling.cancel(int(form["id"]))
    return f"Título {form['id']} cancelado no Bling."


def _delete(account: Account, direction: Direction, form: Form) -> str:
    account.bling.delete(int(form["id"]))
    return f"Título {form['id']} excluído no Bling."


def _relaunch(account: Account, direction: Direction, form: Form) -> str:
    new = account.bling.relaunch(int(form["id"]))
    return f"Título {form['id']} relançado no Bling com o id {new}."


def _edit_there(account: Account, direction: Direction, form: Form) -> str:
    fields = FIELDS[direction]
    changes = {fields.value: _amount(form["value"]), fields.due: form["due"]}
    account.kamino.edit_title(direction, int(form["id"]), **changes)
    return f"Lançamento {form['id']} alterado na Kamino."


def _pay_there(account: Account, direction: Direction, form: Form) -> str:
    account.kamino.pay_title(direction, int(form["id"]))
    return f"Lançamento {form['id']} baixado na Kamino."


def _reconcile_there(account: Account, direction: Direction, form: Form) -> str:
    account.kamino.reconcile_title(direction, int(form["id"]))
    return f"Lançamento {form['id']} conciliado na Kamino."


def _delete_there(account: Account, direction: Direction, form: Form) -> str:
    account.kamino.delete_title(direction, int(form["id"]))
    return f"Lançamento {form['id']} excluído na Kamino."


BLING_ACTIONS: dict[str, Action] = {
    "novo": _create,
    "alterar": _edit,
    "pagar": _pay,
    "estornar": _reverse,
    "cancelar": _cancel,
    "excluir": _delete,
    "relancar": _relaunch,
}
KAMINO_ACTIONS: dict[str, Action] = {
    "alterar": _edit_there,
    "pagar": _pay_there,
    "conciliar": _reconcile_there,
    "excluir": _delete_there,
}
