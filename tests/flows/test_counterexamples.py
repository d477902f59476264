"""What histories, kills and lost answers found, each kept as a test so that it never comes back."""

from django.contrib.auth.models import User
from django.utils import timezone

from integrations.domain.delivery import DeliveryState
from integrations.models import KaminoConnection
from integrations.pipeline.desk.commands import request_resync
from integrations.pipeline.run import tick
from sandbox.faults import Fault
from sandbox.world import World
from tests.flows.helpers import Company


def test_a_person_who_asks_before_the_first_comparison_does_not_stop_everything(company: Company) -> None:
    """The comparison made way for the person's title, which waited for the comparison: for ever, at full speed."""
    title = company.add_title("payable")
    company.sync()
    KaminoConnection.objects.update(reconciled_at=None)
    company.bling.edit_title(title, value="321.00")
    titles = company.connection.titles.all()
    request_resync(titles=titles, user=User.objects.create_user("equipe"), now=timezone.now())
    for _ in range(20):
        tick.work_once(clock=timezone.now, deadline=timezone.now() + tick.DRAIN_SLICE)
    assert company.in_kamino("payable", title)["ValorVencimento"] == 321
    assert company.posting(title).state == DeliveryState.DELIVERED


def test_a_look_up_that_a_limit_refuses_waits_for_the_limit(company: Company, world: World) -> None:
    """It was tried again at once, and again, until the limit was over."""
    title = company.add_title("payable")
    world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    world.faults.add(Fault(side="kamino", kind="429", method="GET", path="/financeiro/pagamento", after=1, seconds=600))
    company.sync()
    posting = company.posting(title)
    assert posting.state == DeliveryState.UNCERTAIN
    assert (posting.ready_at - timezone.now()).total_seconds() > 300
    world.faults.clear()
    company.forget_waits()
    company.work()
    assert company.posting(title).state == DeliveryState.DELIVERED
