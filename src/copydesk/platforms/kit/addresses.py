"""Which addresses strangers may make us call: public ones. Looked at where the connection is made.

A name is harmless until it is resolved, and may be resolved anew for every connection; so neither
the name nor an earlier answer counts, only the address that a socket is about to connect to.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any, Final

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class AddressNotPublic(OSError):
    """The address belongs to this machine or to a private network; no connection was made."""


def is_public(address: str) -> bool:
    """Tell whether `address`, a number without port, can be reached by anybody on the internet.

    What is no number is not public. IPv6 forms that carry an IPv4 address are judged by that.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def public_socket(info: tuple[Any, ...]) -> socket.socket:
    """Return a socket for one resolved address, as `getaddrinfo` gives it.

    Raises `AddressNotPublic` instead when it is not public.
    """
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise AddressNotPublic(
            errno.EACCES,
            f"{address[0]} is not a public address; the operator has to allow private ones",
        )
    return socket.socket(family, kind, protocol)
