"""A day that is past for what is read again."""

from datetime import date, timedelta

import pytest

from sandbox.world import World


@pytest.fixture
def months_later(world: World) -> date:
    """Let the company's titles have been paid two months ago."""
    return (world.today.replace(day=1) - timedelta(days=40)).replace(day=1)
