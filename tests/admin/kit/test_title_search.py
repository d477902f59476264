"""Finding titles by what people know of them."""

from integrations.admin.kit.title_search import Finder
from integrations.models import (
    PartPosting,
)
from sandbox.world import World
from tests.flows.helpers import Company, in_days


def test_a_title_is_found_by_the_kamino_number_of_one_of_its_payments(company: Company, world: World) -> None:
    company.split_payments()
    title = company.add_title("payable", value="100.00")
    company.sync()
    company.bling.pay(title, amount="40.00", date=in_days(world, -4), account=company.bank)
    company.sync()
    number = PartPosting.objects.get().kamino_id
    found = Finder(str(number), by_document=True).titles()
    assert [row["pk"] for row in found] == [company.title(title).pk]
