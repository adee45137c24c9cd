"""Puts the marked disk image on the disk, with the name of this very installation in it."""

import binascii
import os

import machine

IMAGE = "/opt/disk.img"
# Both boot programs of the image carry one sector that begins like this, and print it as it then is.
PLACEHOLDER = b"@@LOCAL-BOOT-TEXT@@".ljust(512, b"\0")


def write(device, fqdn, network):
    """Returns the id that the disk will name when it boots."""
    with open(IMAGE, "rb") as file:
        image = file.read()
    address = network["cidr"].split("/")[0]
    install_id = binascii.b2a_hex(os.urandom(4)).decode()
    text = f"\r\nLOCAL-BOOT {fqdn.split('.')[0]} {address} {fqdn} install={install_id}\r\n".encode("ascii")
    if len(text) > 511 or image.count(PLACEHOLDER) != 2:
        raise OSError("the disk image does not have its two text sectors")
    with open(device, "r+b") as target:
        target.write(image.replace(PLACEHOLDER, text.ljust(512, b"\0")))
        target.flush()
        os.fsync(target.fileno())
    return install_id


def network_from_dhcp():
    """`from-dhcp` freezes what the default route's NIC has now; without a route, a default that fits nobody."""
    route = machine.default_route()
    if route is None:
        link = next(iter(machine.nics()))
        return {"link": link, "cidr": "192.168.100.2/24", "gateway": "192.168.100.1", "dns": "192.168.100.1"}
    link, gateway = route
    return {
        "link": link,
        "cidr": machine.addresses()[link],
        "gateway": gateway,
        "dns": (machine.name_servers() or ["192.168.100.1"])[0],
    }
