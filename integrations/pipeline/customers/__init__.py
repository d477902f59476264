"""Customers of other systems: what their programs say, what people decide about it, what Bling has for them."""
