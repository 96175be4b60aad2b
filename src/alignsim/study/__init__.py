"""What it shows: ensembles of runs, and what is concluded from them."""
