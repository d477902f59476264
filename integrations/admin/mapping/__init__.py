"""De/Para: the list, the desk, proposals, and the registers that they name."""
