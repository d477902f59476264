"""The stages pull → mirror → plan → deliver → reconcile. They talk through the database; `run` composes them."""
