"""What `make test-long` runs of what would take hours: a part that is drawn by a seed."""

import os
from random import Random


def seeded(*about: object) -> Random:
    """Return the dice that `LONG_SEED` gives to what it is `about`."""
    return Random(f"{os.environ.get('LONG_SEED', '1')} {' '.join(map(str, about))}")
