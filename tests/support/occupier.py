"""Another program that has a port of the server."""

from __future__ import annotations

from support.container import BootedServer, wait_for

#: Its name, as the server knows it: perl is on every Debian.
PROGRAM = "perl"


def occupy(server: BootedServer, port: int) -> str:
    """Let a program listen on a port; the unit to stop it with."""
    unit = f"occupier-{port}"
    # the listener lives as long as it waits for somebody; connections of the one before may linger
    options = f"Listen => 5, LocalPort => {port}, ReuseAddr => 1"
    listen = f"IO::Socket::INET->new({options})->accept"
    server.run("systemd-run", f"--unit={unit}", PROGRAM, "-MIO::Socket::INET", "-e", listen)
    taken = f":{port:04X} 00000000:0000 0A"
    wait_for("listener", lambda: taken in server.output("cat", "/proc/net/tcp"), 30)
    return unit
