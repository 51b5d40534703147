"""What teamhub adds to each person's Jupyter server: notices that JupyterLab shows.

It runs as that person, on the Python of their environment, and has no more rights than they have.
"""
