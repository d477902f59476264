"""What a request of v2 wants settled: the day, and what is beside the value."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from integrations.bling_v2.codes import NO_DATE, NOT_SETTLED, REFUSED, RefusedError, because
from integrations.bling_v2.facts import amount_of, date_of
from integrations.domain.bodies import fingerprint_of
from integrations.domain.money import ZERO

_NOTHING = re.compile(r"0+([.,]0{1,2})?\Z", re.ASCII)


@dataclass(frozen=True)
class SettlementFacts:
    """A settlement as the request names it. `value` is `None` where it names none: it is what is open."""

    day: date
    interest: Decimal = ZERO
    discount: Decimal = ZERO
    surcharge: Decimal = ZERO
    fee: Decimal = ZERO
    value: Decimal | None = None

    @property
    def fingerprint(self) -> str:
        """A name for what is wanted, the same for every request that wants the same."""
        return fingerprint_of(asdict(self))


def read_settlement(values: Mapping[str, str], today: date) -> SettlementFacts:
    """Return what `read_xml` found as a settlement. Raises `RefusedError`: 902 without a day, 86 for one to come, or
    906 for what is no amount."""
    day = date_of(values.get("dataliquidacao", ""))
    if day is None:
        raise RefusedError(NO_DATE)
    if day > today:
        raise because(NOT_SETTLED, "o dia da liquidação ainda não chegou")
    return SettlementFacts(
        day=day,
        interest=_more(values, "juros"),
        discount=_more(values, "desconto"),
        surcharge=_more(values, "acrescimo"),
        fee=_more(values, "tarifa"),
        value=_amount(values, "valor") if "valor" in values else None,
    )


def _more(values: Mapping[str, str], name: str) -> Decimal:
    return ZERO if _NOTHING.match(values.get(name, "0")) else _amount(values, name)


def _amount(values: Mapping[str, str], name: str) -> Decimal:
    found = amount_of(values[name])
    if found is None:
        raise RefusedError(REFUSED, f"{name}: valor inválido")
    return found
