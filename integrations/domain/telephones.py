"""Brazilian telephone numbers: Bling refuses a whole contact for one that it cannot use."""

from integrations.domain.documents import digits

_COUNTRY = "55"
_WITH_AREA, _MOBILE = 10, 11


def telephone(written: str) -> str:
    """Return the digits of a number with its area code, "" for what is none: nothing is ever added to one."""
    found = digits(written)
    if len(found) > _MOBILE:
        found = found.removeprefix(_COUNTRY)
    found = found.removeprefix("0")
    is_number = len(found) == _WITH_AREA or (len(found) == _MOBILE and found[2] == "9")
    return found if is_number and found[0] != "0" and len(set(found[2:])) > 1 else ""
