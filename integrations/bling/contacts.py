"""A contact as it is read to be changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.domain.payables import DesiredContact


@dataclass(frozen=True, repr=False)
class WholeContact:
    """A contact in Bling: what is compared of it, and all of it as Bling sent it (`raw`), which goes back with what is
    changed. In no `repr`, for what it holds; `raw` is stored nowhere."""

    bling_id: int
    contact: DesiredContact
    is_deleted: bool
    type_ids: tuple[int, ...]
    raw: Mapping[str, object]
