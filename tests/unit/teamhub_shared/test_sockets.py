"""Where the hub, the proxy and people's servers listen."""

from __future__ import annotations

from pathlib import Path

from teamhub_shared import sockets

#: unix(7): the longest path that a socket can have.
LONGEST = 107


def test_each_person_and_each_of_their_servers_has_a_socket_of_its_own() -> None:
    places = {sockets.of_server(uid, name) for uid in (1000, 1001) for name in ("", "gpu", "GPU")}
    assert len(places) == 6


def test_no_name_of_a_server_leads_out_of_the_folder_or_is_too_long() -> None:
    for name in ("../1001/server", "/", "名" * 200):
        place = sockets.of_server(2**32 - 2, name)
        assert place.parent == sockets.SERVERS / str(2**32 - 2)
        assert len(str(place)) < LONGEST


def test_an_address_is_written_as_jupyterhub_and_the_proxy_read_it() -> None:
    assert sockets.url(Path("/run/a b/hub.sock")) == "http+unix://%2Frun%2Fa%20b%2Fhub.sock"


def test_the_proxys_program_has_the_same_places() -> None:
    program = Path("src/programs/proxy").read_text("utf-8")
    assert f"api={sockets.PROXY_API}\n" in program
    assert f"--default-target {sockets.url(sockets.HUB)} " in program


def test_the_programs_that_make_and_use_a_persons_folder_have_the_same_place() -> None:
    for name in ("server-folder", "mediator.py"):
        assert f"{sockets.SERVERS}/" in Path("src/programs", name).read_text("utf-8")


def test_units_and_accounts_have_the_same_folders_and_group() -> None:
    hub = Path("debian/teamhub.service.j2").read_text("utf-8")
    proxy = Path("debian/teamhub.teamhub-proxy.service.j2").read_text("utf-8")
    assert f"\nRuntimeDirectory={sockets.HUB.parent.relative_to('/run')}\n" in hub
    assert f"\nSupplementaryGroups={sockets.GROUP}\n" in hub
    assert f"\nRuntimeDirectory={sockets.PROXY_API.parent.relative_to('/run')}\n" in proxy
    assert f"\nGroup={sockets.GROUP}\n" in proxy
    assert f"\ng {sockets.GROUP} -\n" in Path("debian/teamhub.sysusers").read_text("utf-8")
    tmpfiles = Path("debian/teamhub.tmpfiles").read_text("utf-8")
    assert f"\nd {sockets.SERVERS} 0711 root root\n" in tmpfiles
