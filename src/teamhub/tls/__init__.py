"""The certificates that the proxy shows."""
