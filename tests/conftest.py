"""Makes the builders beside this file, such as `worlds` and `toy_targets`, importable from the folders below it too."""
