"""Bills of other systems: where each stands, its order in Bling, and what people decide."""
