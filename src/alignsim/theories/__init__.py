"""Rival laws of motion over the same scenario."""
