"""What a server is to conda: its platform, and what it offers that no package brings (CEP 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

PLATFORM: Final = "linux-64"
#: The folders of a channel that a server installs from.
SUBDIRS: Final = ("noarch", PLATFORM)

#: The kernel of the oldest suite, and a processor that every server has.
LINUX, PROCESSOR = "6.1", "x86_64"


def virtual_packages() -> list[GenericVirtualPackage]:
    """What this machine offers; conda's own variables (CONDA_OVERRIDE_CUDA and so on) count."""
    from rattler import VirtualPackage, VirtualPackageOverrides

    detected = VirtualPackage.detect(overrides=VirtualPackageOverrides.from_env())
    return [package.into_generic() for package in detected]


def target_virtual_packages(glibc: str) -> list[GenericVirtualPackage]:
    """What every server with this glibc offers at least, whatever machine this is: no GPU."""
    from rattler import (
        GenericVirtualPackage,
        Override,
        PackageName,
        Version,
        VirtualPackage,
        VirtualPackageOverrides,
    )
    from rattler.package import BuildString

    overrides = VirtualPackageOverrides(
        libc=Override.string(glibc), archspec=Override.string(PROCESSOR), cuda=Override.string("")
    )
    detected = [each.into_generic() for each in VirtualPackage.detect(overrides=overrides)]
    # py-rattler 0.28 has no override for it but a variable of the environment.
    linux = GenericVirtualPackage(PackageName("__linux"), Version(LINUX), BuildString("0"))
    return [linux if each.name.normalized == "__linux" else each for each in detected]
