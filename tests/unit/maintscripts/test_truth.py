"""What config shows of the server itself: the names that it finds."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.maintscripts import Scripts, run

KERNELS_LIST = "/proc/net/if_inet6"
PERMANENT, TEMPORARY = "80", "01"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    folder = tmp_path_factory.mktemp("scripts")
    return Scripts(folder, folder / "teamhub.conf")


def left_out(scripts: Scripts, addresses: list[tuple[ipaddress.IPv6Address, str]]) -> list[str]:
    """The addresses that config does not show, where the kernel lists these with their flags."""
    kernels = scripts.folder / "if_inet6"
    kernels.write_text(
        "".join(f"{int(address):032x} 02 40 00 {flags}     eth0\n" for address, flags in addresses)
    )
    assert KERNELS_LIST in scripts.config
    return run(scripts.config.replace(KERNELS_LIST, str(kernels)) + "temporary_addresses\n").split()


def test_a_permanent_address_is_shown(scripts: Scripts) -> None:
    address = ipaddress.IPv6Address("2001:db8::7")
    assert left_out(scripts, [(address, PERMANENT)]) == []


GROUPS = st.lists(st.sampled_from([0, 0, 0, 1, 0xDB8, 0xF0, 0xFFFF]), min_size=8, max_size=8)


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.lists(GROUPS.filter(lambda groups: any(groups[:6])), min_size=20, max_size=40))
def test_a_temporary_address_is_left_out_in_the_form_that_programs_show(
    scripts: Scripts, all_groups: list[list[int]]
) -> None:
    addresses = [
        ipaddress.IPv6Address(":".join(f"{group:x}" for group in groups)) for groups in all_groups
    ]
    shown = left_out(scripts, [(address, TEMPORARY) for address in addresses])
    assert shown == [str(address) for address in addresses]
