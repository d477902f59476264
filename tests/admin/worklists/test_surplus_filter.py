"""The list of deliveries finds those to which Kamino answered with a number that is one too many."""

from collections.abc import Callable

import pytest
from django.test import Client

from integrations.models import Attempt
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows


@pytest.mark.parametrize(("surplus", "shows"), [(9_007, {"0": False, "1": True}), (None, {"0": True, "1": False})])
def test_deliveries_are_found_by_a_number_too_many(
    login: Callable[[str], Client], ours: Rows, surplus: int | None, shows: dict[str, bool]
) -> None:
    Attempt.objects.update(surplus_id=surplus)
    client = login("suporte")
    for choice, is_shown in shows.items():
        page = client.get(url(Attempt, "changelist"), {"surplus": choice}).content.decode()
        assert (url(Attempt, "change", ours.attempt.pk) in page) is is_shown
