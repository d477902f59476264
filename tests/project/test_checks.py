"""Checks of a deployment: each says what is wrong before anything runs."""

from typing import Any

import pytest
from django.core.checks import run_checks


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("production", "backend", "warned"),
    [
        (True, "console", True), (True, "dummy", True), (True, "filebased", True), (True, "locmem", True),
        (True, "smtp", False), (False, "console", False),
    ],
)  # fmt: skip
def test_mails_that_reach_nobody_are_told(production: bool, backend: str, warned: bool, settings: Any) -> None:
    settings.IS_PRODUCTION = production
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    found = {message.id for message in run_checks(include_deployment_checks=True)}
    assert ("integrations.W001" in found) == warned
