"""What runs inside the hub, on the environment's Python (3.10 or newer).

It never imports `teamhub`, which is for Debian's Python; `teamhub_shared` is for both.
"""
