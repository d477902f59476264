"""The steps of a run over one Bling connection, one room each, and the order in which a run goes through them."""

from integrations.pipeline.read.steps.contacts import ReadContacts
from integrations.pipeline.read.steps.details import ReadDetails
from integrations.pipeline.read.steps.gone import ReadGone
from integrations.pipeline.read.steps.listings import ReadListings
from integrations.pipeline.read.steps.new import ReleaseNew
from integrations.pipeline.read.steps.orders import ReadOrders
from integrations.pipeline.read.steps.paid import RereadPaid
from integrations.pipeline.read.steps.registers import ReadRegisters
from integrations.pipeline.read.steps.reread import RereadWaiting
from integrations.pipeline.read.steps.roll import RollOpen, RollPaid

STEPS = (
    ReadRegisters,
    ReadContacts,
    ReadListings,
    ReadDetails,
    ReadGone,
    ReleaseNew,
    ReadOrders,
    RereadWaiting,
    RereadPaid,
    RollOpen,
    RollPaid,
)

__all__ = ["STEPS"]
