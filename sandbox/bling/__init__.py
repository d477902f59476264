"""The fake Bling: registers, titles, payments, OAuth, and API v3 over them."""
