"""The two services, the hub and its proxy: checked before a start, restarted if needed."""
