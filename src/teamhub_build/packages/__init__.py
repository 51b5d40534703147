"""Makes the conda packages of the embedded channel out of wheels, npm and Debian's programs."""
