"""What a person installs with pip is theirs alone, and can break nothing that others need.

The tests build on one another.
"""

from __future__ import annotations

from support.container import BootedServer
from support.environment import Wheels, imports, is_as_it_was_made
from support.hub_client import HubClient


def test_what_she_installs_lands_in_her_home(
    server: BootedServer, zoe: HubClient, wheels: Wheels
) -> None:
    wheels.make("hers", "1.0")
    wheels.make("cowsay", "1.0")
    assert "Successfully installed hers-1.0" in zoe.compute("%pip install hers")
    found = zoe.compute("import hers; print(hers.__file__)")
    assert found.startswith("/home/zoe/.local/lib/python3")
    assert "Successfully installed cowsay" in zoe.compute("%pip install --user cowsay")
    assert is_as_it_was_made(server)
    assert not imports(server, "hers")


def install_over(person: HubClient, package: str) -> None:
    """Have somebody install what everybody has in another version already.

    pip, which takes the prefix for a venv, does that only when an option says so.
    """
    printed = person.compute(f"%pip install --ignore-installed {package}")
    assert "Successfully installed" in printed, printed


def test_what_she_installs_comes_before_what_everybody_has(
    server: BootedServer, zoe: HubClient, wheels: Wheels
) -> None:
    wheels.make("idna", "99.0")
    install_over(zoe, "idna")
    assert zoe.compute("import idna; print(idna.VERSION)") == "99.0\n"
    server.as_user("zoe", "rm", "-r", "/home/zoe/.local/lib", check=True)


def test_she_cannot_change_what_everybody_has(server: BootedServer, zoe: HubClient) -> None:
    printed = zoe.compute("%pip uninstall --yes idna")
    assert "Successfully uninstalled" not in printed
    assert imports(server, "idna")


def test_what_breaks_a_server_cannot_lock_her_out(
    server: BootedServer, zoe: HubClient, wheels: Wheels
) -> None:
    wheels.make("tornado", "99.0")
    install_over(zoe, "tornado")
    zoe.stop()
    zoe.spawn()
    server.as_user("zoe", "rm", "-r", "/home/zoe/.local/lib", check=True)
