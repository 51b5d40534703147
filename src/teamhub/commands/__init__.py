"""The commands of `teamhub`: each module adds its own words to the command line."""
