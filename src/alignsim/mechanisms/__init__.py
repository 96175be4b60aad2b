"""What is believed: one idea of the literature per module, and the registry that everything iterates over."""
