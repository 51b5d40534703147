"""Conda packages: channels, solving, prefixes; the only room that uses rattler."""
