"""The two kinds of Bling's tokens, and the letters that ids and tokens are made of."""

from typing import Literal

TokenKind = Literal["opaque", "jwt"]
HEX = "0123456789abcdef"
