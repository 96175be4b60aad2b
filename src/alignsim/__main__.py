"""`python -m alignsim`: the same as `alignsim`."""

from alignsim.cli import main

main()
