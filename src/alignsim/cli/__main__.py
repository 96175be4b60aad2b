"""`python -m alignsim.cli`: the same as `alignsim`."""

from alignsim.cli import main

main()
