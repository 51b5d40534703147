"""The conda environments of /opt/teamhub: locked, and changed by generation."""
