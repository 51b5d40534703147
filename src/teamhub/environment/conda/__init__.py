"""Conda packages: channels, solving, prefixes; the only room of the server that uses rattler."""
