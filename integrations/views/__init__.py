"""Public doors: the way to Bling and back, and health for whoever watches this process."""
