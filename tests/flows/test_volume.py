"""The numbers that the product is judged by, counted on the sandbox's side; the benchmarks have the large ones."""

from collections.abc import Callable

import pytest

from integrations.models import Bordero, Person, Posting, SalesOrder, Title
from tests.flows.helpers import Company


@pytest.mark.long
@pytest.mark.no_cover
def test_three_hundred_titles_cost_few_requests_and_nothing_the_second_time(
    new_company: Callable[..., Company], capsys: pytest.CaptureFixture[str]
) -> None:
    company = new_company("grande", payables=150, receivables=150)
    company.sync()
    calls = company.bling.calls
    listings = sum(calls[f"GET {path}"] for path in ("/contas/pagar", "/contas/receber", "/contatos"))
    bling, kamino = company.bling.request_count, company.kamino.write_count
    titles, borderos, persons = Title.objects.count(), Bordero.objects.count(), Person.objects.count()
    orders = SalesOrder.objects.count()  # they say the business unit
    limit = listings + titles + borderos + persons + orders + 20
    with capsys.disabled():
        print(f"\n  first sync: {bling} Bling requests (limit {limit}), {kamino} Kamino writes "
              f"for {titles} titles, {borderos} borderôs, {persons} persons")  # fmt: skip
    assert titles > 270
    assert bling <= limit, dict(calls.most_common(12))
    assert kamino <= Posting.objects.filter(kamino_id__isnull=False).count() + persons
    company.sync()
    with capsys.disabled():
        print(f"  second sync: {company.bling.request_count - bling} Bling requests, "
              f"{company.kamino.write_count - kamino} Kamino writes")  # fmt: skip
    assert company.kamino.write_count == kamino
    assert company.kamino.charges == 0
