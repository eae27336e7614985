"""What every test gets: a closed network, a clean environment, free ports and a browser.

Fixtures of one subject live in modules of their own; name them in `PLUGINS` and pytest loads them.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import wraps
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from copydesk.core.clock import SystemClock

# tests put others in their places
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.testing.clocks import NOON

# As much time as a slow machine takes.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run, so that a run tells of the code and not of luck; others, and more
# of them, are looked at with `pytest --hypothesis-profile thorough`.
settings.register_profile("thorough", patient, max_examples=2400)
settings.register_profile("steady", patient, derandomize=True)
settings.load_profile("steady")

# Modules with shared fixtures, loaded once they exist.
PLUGINS = ["tests.store_fixtures", "tests.fault_fixtures"]
pytest_plugins = [name for name in PLUGINS if find_spec(name)]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class NetworkClosedError(RuntimeError):
    """A test reached for another machine. Not an OSError, so that no code handles it quietly."""


# ---------------------------------------------------------------- the closed network


def number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that `host` is, in whatever form the system reads (`127.1`, `0x7f.1`)."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def is_local(host: str) -> bool:
    if host in {"", "localhost"} or host.endswith(".localhost") or host == socket.gethostname():
        return True
    address = number(host)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def host_of(address: object) -> str:
    host = address[0] if isinstance(address, tuple) and address else address
    return host.decode() if isinstance(host, bytes) else str(host)


def refuse(what: str, host: str) -> NetworkClosedError:
    return NetworkClosedError(
        f"{what} {host!r}: tests may talk to this machine only. "
        "Start a peer on 127.0.0.1 (see the free_port fixture) or hand in a fake."
    )


def guard_connection(name: str) -> None:
    original: Callable[..., Any] = getattr(socket.socket, name)

    @wraps(original)
    def guarded(self: socket.socket, *args: Any) -> Any:
        # sendto(data, address) and sendto(data, flags, address): the address comes last.
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = host_of(args[-1])
            if not is_local(host):
                raise refuse(f"{name} to", host)
        return original(self, *args)

    setattr(socket.socket, name, guarded)


def guard_lookup(name: str) -> None:
    original: Callable[..., Any] = getattr(socket, name)

    @wraps(original)
    def guarded(host: str | bytes | None, *args: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        # A number asks nobody, and a name under .invalid fails by definition (RFC 6761).
        if text is None or is_local(text) or number(text):
            return original(host, *args, **options)
        if text.rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise refuse("looking up", text)

    setattr(socket, name, guarded)


def pytest_configure() -> None:
    """Close the network before anything is imported or collected, for the whole run."""
    for name in ("connect", "connect_ex", "sendto"):
        guard_connection(name)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        guard_lookup(name)


# ---------------------------------------------------------------- fixtures


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the person who runs the tests do not reach them."""
    for name in list(os.environ):
        if name.startswith("COPYDESK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine's clock begin at noon of an ordinary Saturday and run on from there: whenever
    tests run, none meets midnight, the end of a year or a date that has passed."""
    told, shift = SystemClock.now, NOON - SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda clock: told(clock) + shift)


@pytest.fixture(scope="session")
def ports(worker_id: str) -> Iterator[int]:
    """Ports on 127.0.0.1 that nobody listens on, and that nobody else will be given: each worker of
    a run has its own, below those the system gives away by itself."""
    first = 20_000 + 1000 * (int(worker_id[2:]) % 10 if worker_id.startswith("gw") else 0)
    # another run on this machine may be at the same ports: begin elsewhere than it
    start = first + os.getpid() % 1000
    mine = itertools.cycle([*range(start, first + 1000), *range(first, start)])
    return filter(_is_free, mine)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def free_port(ports: Iterator[int]) -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    return next(ports)


@pytest.fixture(scope="session")
def git_program() -> str:
    """The git program; tests that need it are skipped, with this reason, without one."""
    if path := shutil.which("git"):
        return path
    pytest.skip("there is no git on PATH")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser for tests marked `browser`; they are skipped, with this reason, without one."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no {', '.join(BROWSERS)} on PATH")


# ---------------------------------------------------------------- the platforms


@pytest.fixture(autouse=True)
def _platforms_of_others_leave() -> Iterator[None]:
    """Forget platforms that a test made known (the fault kit's specimen), so that no test after it
    meets them."""
    yield
    if not platform_modules.cache_info().currsize:
        return
    if any(not m.startswith("copydesk.platforms.") for m in platform_modules().values()):
        platform_modules.cache_clear()
        load_platform.cache_clear()
