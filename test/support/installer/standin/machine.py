"""What the stand-in knows of the machine it runs on, in the words of DMI and udev."""

import os
import re

PCI_ADDRESS = re.compile(r"[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2})\.[0-7]")


def read(path):
    """None: no such file, or not readable."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def kernel_arguments():
    """`name=value` and bare `name` (then an empty value) of the kernel's command line."""
    words = (read("/proc/cmdline") or "").split()
    return dict(word.partition("=")[::2] for word in words)


def dmi():
    """Only what is there: a file that is missing means a missing key."""
    files = {
        "system": {"serial": "product_serial", "sku": "product_sku", "uuid": "product_uuid", "name": "product_name"},
        "baseboard": {"asset_tag": "board_asset_tag", "serial": "board_serial", "name": "board_name"},
        "chassis": {"serial": "chassis_serial", "sku": "chassis_sku", "asset_tag": "chassis_asset_tag"},
    }
    found = {}
    for part, keys in files.items():
        values = {key: read(f"/sys/devices/virtual/dmi/id/{file}") for key, file in keys.items()}
        found[part] = {key: value for key, value in values.items() if value is not None}
    return found


def boot_mode():
    return "efi" if os.path.isdir("/sys/firmware/efi") else "bios"


def pci_address_of(device):
    addresses = list(PCI_ADDRESS.finditer(os.path.realpath(device)))
    return addresses[-1] if addresses else None


def name_nics():
    """Names by place, as udev gives them; the kernel's own are not stable."""
    for link in os.listdir("/sys/class/net"):
        place = pci_address_of(f"/sys/class/net/{link}/device")
        if link != "lo" and place is not None:
            os.system(f"ip link set dev {link} name enp{int(place[1], 16)}s{int(place[2], 16)}")


def nics():
    """Name to udev properties, in the order of `ip link`."""
    links = [link for link in os.listdir("/sys/class/net") if link != "lo"]
    links.sort(key=lambda link: int(read(f"/sys/class/net/{link}/ifindex")))
    return {link: nic_properties(link) for link in links}


def nic_properties(link):
    folder = f"/sys/class/net/{link}"
    mac = read(f"{folder}/address")
    properties = {
        "DEVPATH": os.path.realpath(folder).removeprefix("/sys"),
        "ID_NET_NAME_MAC": "enx" + mac.replace(":", ""),
        "IFINDEX": read(f"{folder}/ifindex"),
        "INTERFACE": link,
        "SUBSYSTEM": "net",
    }
    place = pci_address_of(f"{folder}/device")
    if place is not None:
        properties |= {
            "ID_BUS": "pci",
            "ID_NET_DRIVER": os.path.basename(os.path.realpath(f"{folder}/device/driver")),
            "ID_NET_NAME": link,
            "ID_NET_NAME_PATH": f"enp{int(place[1], 16)}s{int(place[2], 16)}",
            "ID_PATH": f"pci-{place[0]}",
        }
    return properties


def mac_of(link):
    return read(f"/sys/class/net/{link}/address")


def disks():
    """Index as text to udev properties, as the installer counts them."""
    names = sorted(name for name in os.listdir("/sys/block") if re.match(r"(vd|sd|nvme)", name))
    return {str(index): disk_properties(name) for index, name in enumerate(names)}


def disk_properties(name):
    folder = f"/sys/block/{name}"
    properties = {
        "DEVNAME": f"/dev/{name}",
        "DEVPATH": os.path.realpath(folder).removeprefix("/sys"),
        "DEVTYPE": "disk",
        "SUBSYSTEM": "block",
    }
    serial = read(f"{folder}/serial") or read(f"{folder}/device/serial")
    if serial:
        properties["ID_SERIAL"] = serial
        if name.startswith("nvme"):
            properties["ID_SERIAL_SHORT"] = serial
    place = pci_address_of(folder)
    if place is not None:
        properties["ID_PATH"] = f"pci-{place[0]}"
    return properties


def disk_size(name):
    """In bytes."""
    return int(read(f"/sys/block/{name}/size")) * 512


def addresses():
    """Link to its first IPv4 address with prefix length, for links that have one."""
    found = {}
    for line in printed_by("ip -o -4 addr show"):
        words = line.split()
        if words[1] != "lo":
            found.setdefault(words[1], words[3])
    return found


def default_route():
    """(link, gateway), or None."""
    for line in printed_by("ip -4 route show default"):
        words = line.split()
        return words[words.index("dev") + 1], words[words.index("via") + 1]
    return None


def printed_by(command):
    """Lines. By way of a file, so that the initramfs needs no `subprocess` with all that it imports."""
    os.system(f"{command} > /run/printed")
    return (read("/run/printed") or "").splitlines()


def name_servers():
    return re.findall(r"^nameserver (\S+)", read("/etc/resolv.conf") or "", re.MULTILINE)


def cpu():
    text = read("/proc/cpuinfo") or ""
    values = dict(re.findall(r"^([^\t:]+)\t*: ?(.*)$", text, re.MULTILINE))
    cpus = len(re.findall(r"^processor", text, re.MULTILINE))
    flags = values.get("flags", "")
    return {
        "cores": cpus,
        "cpus": cpus,
        "flags": flags,
        "hvm": "vmx" in flags.split() or "svm" in flags.split(),
        "model": values.get("model name", "unknown"),
        "sockets": 1,
    }
