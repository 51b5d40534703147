"""The namespaces that servers of the tests live in, as commands in front of another command."""

from __future__ import annotations

#: Mounts and processes of its own, which end with the command: a run that is killed leaves nothing.
ALONE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
#: A network with nothing in it, and mounts, since each has an /etc/hosts of its own.
OWN_NETWORK = ["unshare", "--net", "--mount"]
#: The same; the command has the network that was there as the descriptor OUTSIDE.
OUTSIDE = 9
OWN_NETWORK_WITH_DOOR = [
    *("sh", "-c", f'exec {OUTSIDE}</proc/self/ns/net; exec "$@"', "sh"),
    *OWN_NETWORK,
]
