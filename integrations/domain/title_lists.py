"""Lists of Kamino's titles: whether one of a direction is proved, known to be absent, or not known yet."""

from enum import StrEnum


class TitleList(StrEnum):
    """What is known of the list of one direction at one company. `FIRST` and `SECOND` are proved: the list answers at
    that one of the addresses that `kamino/endpoints` names."""

    UNKNOWN = "unknown"
    FIRST = "first"
    SECOND = "second"
    ABSENT = "absent"


PROVED = (TitleList.FIRST, TitleList.SECOND)
