"""The working tree laid over an installed server, without building a package."""
