"""Puts the disk image on the disk, with the name of this very installation in it, or all that a whole system needs."""

import binascii
import io
import os
import tarfile

import machine

IMAGE = "/opt/disk.img"
# Both boot programs of the image carry one sector that begins like this, and print it as it then is.
PLACEHOLDER = b"@@LOCAL-BOOT-TEXT@@".ljust(512, b"\0")
# An image with a whole system begins its free sectors like this: there it looks for an archive of files when it starts.
FILES = b"@@FILES-OF-THIS-INSTALLATION@@".ljust(512, b"\0")
FILES_BYTES_MAX = 512 * 1024


def write(device, fqdn, network, files):
    """Returns the id that the disk will name when it boots. `files`: content by path, for a disk with a whole system."""
    with open(IMAGE, "rb") as file:
        image = file.read()
    address = network["cidr"].split("/")[0]
    install_id = binascii.b2a_hex(os.urandom(4)).decode()
    line = f"LOCAL-BOOT {fqdn.split('.')[0]} {address} {fqdn} install={install_id}"
    if FILES in image:
        own = {"etc/local-boot": line, "etc/hostname": fqdn.split(".")[0], "etc/network": network_settings(network, fqdn)}
        archive = packed(own | files)
        at = image.index(FILES)
        put(device, image[:at] + archive.ljust(FILES_BYTES_MAX, b"\0") + image[at + FILES_BYTES_MAX:])
        return install_id
    text = f"\r\n{line}\r\n".encode("ascii")
    if len(text) > 511 or image.count(PLACEHOLDER) != 2:
        raise OSError("the disk image does not have its two text sectors")
    put(device, image.replace(PLACEHOLDER, text.ljust(512, b"\0")))
    return install_id


def put(device, octets):
    with open(device, "r+b") as target:
        target.write(octets)
        target.flush()
        os.fsync(target.fileno())


def network_settings(network, fqdn):
    return "\n".join([
        f"MAC={machine.mac_of(network['link'])}",
        f"CIDR={network['cidr']}",
        f"GATEWAY={network['gateway']}",
        f"DNS={network['dns']}",
        f"FQDN={fqdn}",
        "",
    ])


def packed(files):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in files.items():
            octets = content if isinstance(content, bytes) else content.encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(octets)
            entry.mode = 0o600
            tar.addfile(entry, io.BytesIO(octets))
    if len(archive.getvalue()) > FILES_BYTES_MAX:
        raise OSError(f"the files of this installation have more than {FILES_BYTES_MAX} octets")
    return archive.getvalue()


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
