"""Builds the teamhub Debian package; runs on the build machine only."""
