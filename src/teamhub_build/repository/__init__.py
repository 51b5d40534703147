"""The team's own apt repository: static files that any web server serves."""
