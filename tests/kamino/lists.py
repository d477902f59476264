"""What the client's tests know of Kamino's lists."""

from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction

LISTS = dict.fromkeys(Direction, TitleList.FIRST)
