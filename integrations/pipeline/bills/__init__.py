"""Bills of other systems, which become sales orders in Bling: what is said, where each stands, what people decide."""
