"""Pure rules on frozen values: no Django, no I/O, no clock. Every rule returns its result and the problems it saw."""
