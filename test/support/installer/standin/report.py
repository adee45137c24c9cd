"""The body of the post-installation webhook, schema 1.2 (1.1 before 9.1, 1.0 before 8.4)."""

import binascii
import os

import machine


def compose(settings, release, fqdn, network, target, host_keys):
    pinned = settings["network"].get("interface-name-pinning", {}).get("enabled", False)
    body = {
        "$schema": {"version": "1.2" if release >= (9, 1) else "1.1" if release >= (8, 4) else "1.0"},
        "debian-version": "13.1" if release >= (9, 0) else "12.9",
        "product": {"fullname": "Proxmox VE", "short": "pve", "version": f"{release[0]}.{release[1]}.2"},
        "iso": {"release": f"{release[0]}.{release[1]}", "isorelease": "1"},
        "kernel-version": kernel_version(),
        "boot-info": {"mode": machine.boot_mode()},
        "cpu-info": machine.cpu(),
        "dmi": machine.dmi(),
        "filesystem": filesystem(settings["disk-setup"]),
        "fqdn": fqdn,
        "machine-id": binascii.b2a_hex(os.urandom(16)).decode(),
        "disks": [disk_entry(properties, target) for properties in machine.disks().values()],
        "network-interfaces": [nic_entry(link, properties, network, settings, pinned)
                               for link, properties in machine.nics().items()],
        "ssh-public-host-keys": host_keys,
    }
    if release >= (8, 4):
        body["reboot-mode"] = settings["global"].get("reboot-mode", "reboot")
    token = settings["post-installation-webhook"].get("auth-token")
    if token is not None:
        body["token"] = token
    return body


def filesystem(setup):
    name = setup["filesystem"]
    raid = setup.get(name, {}).get("raid") if name in ("zfs", "btrfs") else None
    return f"{name} ({raid.upper()})" if raid else name


def disk_entry(properties, target):
    # The same number for every disk: the size of the installation, not of the disk.
    size = machine.disk_size(os.path.basename(target[0]["DEVNAME"]))
    entry = {"size": size, "udev-properties": properties}
    if properties in target:
        entry["is-bootdisk"] = True
    return entry


def nic_entry(link, properties, network, settings, pinned):
    entry = {"name": link, "mac": machine.mac_of(link), "is-management": False, "udev-properties": properties}
    if pinned:
        entry["is-pinned"] = True
        # Then no NIC is marked when the network came from the answer, and none has an address.
        if settings["network"]["source"] == "from-answer":
            return entry
    if link == network["link"]:
        entry |= {"address": network["cidr"], "is-management": True}
    return entry


def kernel_version():
    names = os.uname()
    return {"sysname": names.sysname, "release": names.release, "version": names.version, "machine": names.machine}
