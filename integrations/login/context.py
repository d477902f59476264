"""What the pages of the log-in say of this installation."""

from django.conf import settings
from django.http import HttpRequest


def second_factor(_request: HttpRequest) -> dict[str, bool]:
    """Tell templates whether a second factor is compulsory here; the demo says visibly that it is not."""
    return {"is_factor_compulsory": settings.REQUIRE_SECOND_FACTOR}
