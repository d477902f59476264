"""Everything that is delivered to Bling."""

from integrations.models.bling_units import ContactWrite, PayableWrite, SettlementWrite
from integrations.models.customer_writes import CustomerWrite
from integrations.models.order_writes import OrderWrite

WriteUnit = ContactWrite | PayableWrite | SettlementWrite | CustomerWrite | OrderWrite
WRITE_UNITS: tuple[type[WriteUnit], ...] = (ContactWrite, PayableWrite, SettlementWrite, CustomerWrite, OrderWrite)
