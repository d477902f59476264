"""When are two names "the same"? Case, accents and spaces do not count (Kamino's rule of identical names)."""

import unicodedata


def fold(name: str) -> str:
    """Return `name` without case, accents and repeated spaces."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())
