"""rattler, as the build and the server both use it: its process, its network, its platform.

It needs py-rattler, which only functions import here: most commands end without it.
"""
