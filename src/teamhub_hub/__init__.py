"""What runs inside the hub, on the environment's Python: never imports `teamhub`."""
