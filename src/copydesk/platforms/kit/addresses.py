"""Which addresses strangers may make us call: public ones.

A name is harmless until it is resolved, and may mean something else the next time; so neither the
name nor an earlier answer counts: what it resolves to is looked at, and the call goes there.
"""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Sequence
from typing import Final

#: How many addresses of one name are tried.
MOST: Final = 4

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
        if found.teredo is not None or found.is_site_local:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def public_of(found: Sequence[str]) -> list[str]:
    """Return those of `found`, the addresses of one name, that anybody can reach; at most `MOST`.

    Raises `AddressNotPublic` when there are none.
    """
    public = [address for address in found if is_public(address)]
    if not public:
        raise AddressNotPublic(
            errno.EACCES,
            f"{found[0]} is not a public address; the operator has to allow private ones",
        )
    return public[:MOST]
