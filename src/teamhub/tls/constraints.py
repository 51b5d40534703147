"""What the server's own authority may speak for: its names and addresses, and nothing else.

Name constraints (RFC 5280, section 4.2.1.10) name what is permitted, kind by kind.  A kind of which
nothing is permitted would be free: of that, all is excluded.
"""

from __future__ import annotations

import ipaddress

from cryptography import x509

from teamhub.tls.names import ServerNames

#: An empty name stands for all of them.
EVERY_NAME = x509.DNSName("")
EVERY_ADDRESS = [x509.IPAddress(ipaddress.ip_network(net)) for net in ("0.0.0.0/0", "::/0")]


def for_names(names: ServerNames) -> x509.NameConstraints:
    """The constraints of an authority for `names`: those names and those single addresses.

    A name stands for all below it, too.
    """
    domains = dict.fromkeys(name.removeprefix("*.") for name in names.dns)
    permitted_names = list(map(x509.DNSName, domains))
    addresses = [x509.IPAddress(ipaddress.ip_network(address)) for address in names.addresses]
    excluded = [
        *([] if permitted_names else [EVERY_NAME]),
        *([] if addresses else EVERY_ADDRESS),
    ]
    return x509.NameConstraints([*permitted_names, *addresses], excluded or None)


def can_speak_for(authority: x509.Certificate, names: ServerNames) -> bool:
    """Whether an authority may sign a certificate for all host names of `names`, and for something.

    It does not have to be able to for each address: those change by themselves.
    """
    allowed = permitted(authority, names)
    return allowed.dns == names.dns and bool(allowed.dns or allowed.addresses)


def permitted(authority: x509.Certificate, names: ServerNames) -> ServerNames:
    """Those of `names` that an authority's name constraints allow it to speak for.

    One without any, which an admin has put in the place of ours, speaks for all.
    """
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return names
    allowed = {subtree.value for subtree in constraints.permitted_subtrees or ()}
    return ServerNames(
        tuple(name for name in names.dns if name.removeprefix("*.") in allowed),
        tuple(address for address in names.addresses if ipaddress.ip_network(address) in allowed),
    )
