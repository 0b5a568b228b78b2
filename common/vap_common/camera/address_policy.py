"""Which addresses a camera may have: checked on the literal host at the door, and on what it resolves to at connect."""

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from vap_common.camera.errors import CameraUrlError, CameraUrlProblem
from vap_common.camera.url import CameraUrl, resolve_file
from vap_common.settings import CameraSettings

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Instance metadata services of the large clouds that are not link-local.
_METADATA = tuple(
    ipaddress.ip_network(network) for network in ("fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32")
)
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "240.0.0.0/4",
        "::/128",
        "100::/64",
        "fec0::/10",
    )
)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rules; every refusal names the setting that changes it."""

    allow_private: bool = True
    allow_loopback: bool = False
    allow_link_local: bool = False
    refused_networks: tuple[IPNetwork, ...] = ()
    allowed_networks: tuple[IPNetwork, ...] = ()
    file_roots: tuple[Path, ...] = ()

    @classmethod
    def from_settings(cls, settings: CameraSettings) -> "AddressPolicy":
        """The policy that the settings describe. Raises ValueError for a network that is none."""
        return cls(
            allow_private=settings.camera_allow_private,
            allow_loopback=settings.camera_allow_loopback,
            allow_link_local=settings.camera_allow_link_local,
            refused_networks=_networks(settings.camera_refused_networks),
            allowed_networks=_networks(settings.camera_allowed_networks),
            file_roots=tuple(Path(root) for root in settings.camera_file_roots.split(":") if root),
        )

    def check_url(self, url: CameraUrl) -> None:
        """Refuses what can be refused without asking a name server. Raises CameraUrlError."""
        if url.is_file:
            resolve_file(url.path, self.file_roots)
            return
        literal = _literal_address(url.host)
        if literal is not None:
            self.check_address(literal)
        elif _names_this_host(url.host) and not self.allow_loopback:
            raise _refused("a loopback name", "CAMERA_ALLOW_LOOPBACK")

    def check_address(self, address: IPAddress) -> None:
        """Refuses an address, and any address wrapped in it (mapped, NAT64, 6to4, Teredo). Raises CameraUrlError."""
        for candidate in (address, *_embedded(address)):
            self._check_plain(candidate)

    def _check_plain(self, address: IPAddress) -> None:
        if _within(address, self.refused_networks):
            raise _refused("in a refused network", "CAMERA_REFUSED_NETWORKS")
        if address.is_loopback:
            if not self.allow_loopback:
                raise _refused("a loopback address", "CAMERA_ALLOW_LOOPBACK")
            return
        if address.is_link_local or _within(address, _METADATA):
            if not self.allow_link_local:
                raise _refused("a link-local or metadata address", "CAMERA_ALLOW_LINK_LOCAL")
            return
        if address.is_multicast or address.is_unspecified or _within(address, _NEVER):
            raise CameraUrlError(
                CameraUrlProblem.ADDRESS_REFUSED, "the camera's address is multicast, unspecified or reserved"
            )
        if self.allowed_networks and not _within(address, self.allowed_networks):
            raise _refused("outside the allowed networks", "CAMERA_ALLOWED_NETWORKS")
        if _within(address, _PRIVATE) and not self.allow_private:
            raise _refused("a private address", "CAMERA_ALLOW_PRIVATE")


def _refused(what: str, setting: str) -> CameraUrlError:
    return CameraUrlError(
        CameraUrlProblem.ADDRESS_REFUSED,
        f"the camera's address is {what}; the setting {setting} decides on that",
    )


def _networks(text: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _within(address: IPAddress, networks: tuple[IPNetwork, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _names_this_host(host: str) -> bool:
    name = host.rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _literal_address(host: str) -> IPAddress | None:
    """The address that `host` spells, also in the short, octal and hexadecimal forms that C libraries accept."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    parts = host.rstrip(".").split(".")
    if not 1 <= len(parts) <= 4 or not all(parts):
        return None
    try:
        numbers = [_c_integer(part) for part in parts]
    except ValueError:
        return None
    *head, tail = numbers
    if any(number > 0xFF for number in head) or tail >= 256 ** (5 - len(parts)):
        raise CameraUrlError(CameraUrlProblem.MALFORMED, "the camera's host looks like an IPv4 address but is none")
    value = tail
    for index, number in enumerate(head):
        value += number << (8 * (3 - index))
    return IPv4Address(value)


def _c_integer(text: str) -> int:
    if not text.isascii() or not text[0].isdigit():
        raise ValueError(text)
    if text.lower().startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text, 10)


def _embedded(address: IPAddress) -> list[IPAddress]:
    """IPv4 addresses inside an IPv6 one: a packet to the latter may end up at the former."""
    if not isinstance(address, IPv6Address):
        return []
    found: list[IPAddress] = []
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if any(address in network for network in _NAT64):
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    if int(address) >> 32 == 0 and int(address) > 1:
        found.append(IPv4Address(int(address)))
    return found
