"""The answer file: read as strictly as the real installer reads it.

`parse` refuses what the real one refuses while reading: an unknown key, a missing one, a wrong spelling for the
release. `verify` refuses what it only finds when it looks at the machine.
"""

import json
import re
import tomllib

import selection

KEYBOARDS = (
    "de de-ch dk en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it jp lt mk nl no pl pt pt-br se si tr".split()
)
LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")
ADDRESS = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
NOT_ZONES = re.compile(r"Etc/.*|GMT|US/.*|Europe/Kiev|Asia/Calcutta")
DISKS_MIN = {"raid0": 1, "raid1": 2, "raid10": 4, "raidz-1": 3, "raidz-2": 4, "raidz-3": 5}

FIRST = (8, 2)
# Spellings of a key. Kebab-case was understood only from 8.4 on, except in tables that were born with it.
SNAKE = "snake"
KEBAB = "kebab"


class Refused(Exception):
    """Why the installer does not take this answer, with the path of the key."""


class Key:
    def __init__(self, kind, required=False, since=FIRST, one_of=None, before_84=SNAKE, alias=True):
        self.kind = kind
        self.required = required
        self.since = since
        self.one_of = one_of
        self.before_84 = before_84
        self.alias = alias


NUMBER = (int, float)
LVM = {name: Key(NUMBER) for name in ("hdsize", "swapsize", "maxroot", "maxvz", "minfree")}
ZFS = {
    "raid": Key(str, required=True, one_of=tuple(DISKS_MIN)),
    "ashift": Key(int),
    "arc-max": Key(int),
    "checksum": Key(str, one_of=("on", "fletcher4", "sha256")),
    "compress": Key(str, one_of=("on", "off", "lzjb", "lz4", "zle", "gzip", "zstd")),
    "copies": Key(int),
    "hdsize": Key(NUMBER),
}
BTRFS = {
    "raid": Key(str, required=True, one_of=("raid0", "raid1", "raid10")),
    "compress": Key(str, since=(8, 3), one_of=("on", "off", "zlib", "lzo", "zstd")),
    "hdsize": Key(NUMBER),
}
PINNING = {"enabled": Key(bool, required=True), "mapping": Key(dict)}
FQDN = {"source": Key(str, required=True, one_of=("from-dhcp",)), "domain": Key(str)}
GLOBAL = {
    "keyboard": Key(str, required=True, one_of=tuple(KEYBOARDS)),
    "country": Key(str, required=True),
    "timezone": Key(str, required=True),
    "fqdn": Key((str, dict), required=True),
    "mailto": Key(str, required=True),
    "root-password": Key(str),
    "root-password-hashed": Key(str, since=(8, 3)),
    "root-ssh-keys": Key(list),
    "reboot-on-error": Key(bool),
    "reboot-mode": Key(str, since=(8, 4), one_of=("reboot", "power-off")),
    "subscription-key": Key(str, since=(9, 2)),
}
NETWORK = {
    "source": Key(str, one_of=("from-dhcp", "from-answer")),
    "cidr": Key(str),
    "dns": Key(str),
    "gateway": Key(str),
    "filter": Key(dict),
    "interface-name-pinning": Key(dict, since=(9, 1), alias=False),
}
DISK_SETUP = {
    "filesystem": Key(str, required=True, one_of=("ext4", "xfs", "zfs", "btrfs")),
    "disk-list": Key(list),
    "filter": Key(dict),
    "filter-match": Key(str, one_of=("any", "all")),
    "zfs": Key(dict),
    "lvm": Key(dict),
    "btrfs": Key(dict),
}
WEBHOOK = {
    "url": Key(str, required=True),
    "cert-fingerprint": Key(str),
    "auth-token": Key(str, since=(9, 2)),
}
FIRST_BOOT = {
    "source": Key(str, required=True, one_of=("from-url", "from-iso")),
    "url": Key(str),
    "cert-fingerprint": Key(str, before_84=KEBAB),
    "ordering": Key(str, one_of=("before-network", "network-online", "fully-up")),
}
SECTIONS = {
    "global": Key(dict, required=True),
    "network": Key(dict, required=True),
    "disk-setup": Key(dict, required=True, before_84=KEBAB, alias=False),
    "post-installation-webhook": Key(dict, since=(8, 3), before_84=KEBAB, alias=False),
    "first-boot": Key(dict, since=(8, 3), before_84=KEBAB, alias=False),
}


def parse(text, is_json, release):
    """The answer with every key in its canonical spelling."""
    try:
        given = json.loads(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        raise Refused(f"not {'JSON' if is_json else 'TOML'}: {error}") from error
    if not isinstance(given, dict):
        raise Refused("expected a table")
    settings = table(given, SECTIONS, "", release)
    settings["global"] = parse_global(settings["global"], release)
    settings["network"] = parse_network(settings["network"], release)
    settings["disk-setup"] = parse_disk_setup(settings["disk-setup"], release)
    for section, keys in (("post-installation-webhook", WEBHOOK), ("first-boot", FIRST_BOOT)):
        if section in settings:
            settings[section] = table(settings[section], keys, f"{section}.", release)
    if settings.get("first-boot", {"source": None, "url": ""})["source"] == "from-url":
        demand("url" in settings["first-boot"], "first-boot.url: missing")
    return settings


def demand(holds, message):
    if not holds:
        raise Refused(message)


def table(given, keys, path, release):
    known = {}
    for name, key in keys.items():
        if key.since <= release:
            for spelling in spellings(name, key, release):
                known[spelling] = name
    found = {}
    for spelling, value in given.items():
        demand(spelling in known, f"unknown field `{path}{spelling}`, expected one of {', '.join(sorted(known))}")
        name = known[spelling]
        demand(name not in found, f"duplicate field `{path}{name}`")
        key = keys[name]
        # In Python a bool is an int as well; in the installer it is not.
        fits = isinstance(value, key.kind) and (key.kind is bool or not isinstance(value, bool))
        demand(fits, f"{path}{spelling}: invalid type, got {value!r}")
        demand(key.one_of is None or value in key.one_of, f"{path}{spelling}: unknown variant {value!r}")
        found[name] = value
    for name, key in keys.items():
        if key.required:
            demand(name in found, f"missing field `{path}{name}`")
    return found


def spellings(name, key, release):
    snake = name.replace("-", "_")
    if not key.alias:
        return {name}
    if release >= (8, 4):
        return {name, snake}
    return {snake} if key.before_84 == SNAKE else {name}


def parse_global(given, release):
    values = table(given, GLOBAL, "global.", release)
    demand(re.fullmatch(r"[a-z]{2}", values["country"]) and values["country"] not in ("uk", "xk"),
           f"global.country: unknown country {values['country']!r}")
    zone = values["timezone"]
    demand(zone == "UTC" or (re.fullmatch(r"[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}", zone) and not NOT_ZONES.fullmatch(zone)),
           f"global.timezone: unknown time zone {zone!r}")
    demand(MAIL.fullmatch(values["mailto"]) and values["mailto"] != "mail@example.invalid",
           f"global.mailto: not an address {values['mailto']!r}")
    passwords = [values[name] for name in ("root-password", "root-password-hashed") if name in values]
    demand(len(passwords) == 1, "global: expected exactly one of root-password and root-password-hashed")
    if release >= (8, 4) and "root-password" in values:
        demand(len(values["root-password"].encode()) >= 8, "global.root-password: shorter than 8 octets")
    demand(all(isinstance(key, str) for key in values.get("root-ssh-keys", [])), "global.root-ssh-keys: expected strings")
    if isinstance(values["fqdn"], dict):
        demand(release >= (8, 4), "global.fqdn: expected a string")
        values["fqdn"] = table(values["fqdn"], FQDN, "global.fqdn.", release)
    else:
        check_fqdn(values["fqdn"])
    return values


def check_fqdn(fqdn):
    labels = fqdn.split(".")
    demand(len(labels) >= 2, f"global.fqdn: expected a host and a domain, got {fqdn!r}")
    demand(len(fqdn) <= 253 and all(LABEL.fullmatch(label) for label in labels), f"global.fqdn: not a name {fqdn!r}")
    demand(not labels[0].isdigit(), f"global.fqdn: the host part is only a number in {fqdn!r}")


def parse_network(given, release):
    values = table(given, NETWORK, "network.", release)
    demand("source" in values or release < (9, 2), "missing field `network.source`")
    values.setdefault("source", "from-dhcp")
    static = ("cidr", "dns", "gateway", "filter")
    if values["source"] == "from-dhcp":
        for name in static:
            demand(name not in values, f"network.{name}: only with source = \"from-answer\"")
    else:
        for name in static[:3] + (static[3:] if release < (9, 2) else ()):
            demand(name in values, f"missing field `network.{name}`")
        cidr = values["cidr"] if "/" in values["cidr"] or release < (9, 2) else values["cidr"] + "/32"
        address, slash, prefix = cidr.partition("/")
        demand(slash and ADDRESS.fullmatch(address) and prefix.isdigit() and int(prefix) <= 32,
               f"network.cidr: expected ADDRESS/PREFIX, got {values['cidr']!r}")
        values["cidr"] = cidr
        for name in ("dns", "gateway"):
            demand(ADDRESS.fullmatch(values[name]), f"network.{name}: expected one address, got {values[name]!r}")
    if "interface-name-pinning" in values:
        pinning = table(values["interface-name-pinning"], PINNING, "network.interface-name-pinning.", release)
        values["interface-name-pinning"] = pinning
    check_filter(values.get("filter"), "network.filter")
    return values


def parse_disk_setup(given, release):
    values = table(given, DISK_SETUP, "disk-setup.", release)
    demand(("disk-list" in values) != ("filter" in values), "disk-setup: expected exactly one of disk-list and filter")
    demand(values.get("disk-list") or values.get("filter"), "disk-setup: the list or filter of disks is empty")
    demand(all(isinstance(disk, str) for disk in values.get("disk-list", [])), "disk-setup.disk-list: expected strings")
    check_filter(values.get("filter"), "disk-setup.filter")
    fitting = {"ext4": "lvm", "xfs": "lvm", "zfs": "zfs", "btrfs": "btrfs"}[values["filesystem"]]
    for name, keys in (("zfs", ZFS), ("lvm", LVM), ("btrfs", BTRFS)):
        if name in values:
            demand(name == fitting, f"disk-setup.{name}: does not fit file system {values['filesystem']}")
            values[name] = table(values[name], keys, f"disk-setup.{name}.", release)
    demand(fitting == "lvm" or fitting in values, f"missing field `disk-setup.{fitting}.raid`")
    disks = values.get("disk-list")
    if disks is not None:
        demand(len(set(disks)) == len(disks), "disk-setup.disk-list: a disk is named twice")
        demand(fitting != "lvm" or len(disks) == 1, f"disk-setup.disk-list: {values['filesystem']} takes exactly one disk")
        if fitting != "lvm" and release >= (9, 0):
            raid = values[fitting]["raid"]
            demand(len(disks) >= DISKS_MIN[raid], f"disk-setup.disk-list: {raid} needs {DISKS_MIN[raid]} disks")
    return values


def check_filter(given, path):
    if given is not None:
        demand(all(isinstance(value, str) for value in given.values()), f"{path}: expected strings")


def verify(settings, nics, disks, release):
    """The network (None: as DHCP gave it) and the properties of the disks to install on."""
    network = None
    if settings["network"]["source"] == "from-answer":
        network = {name: settings["network"][name] for name in ("cidr", "dns", "gateway")}
        demand("filter" in settings["network"], "network: no filter defined")
        link = selection.first_match(nics, settings["network"]["filter"])
        demand(link is not None, "network.filter: no NIC matches")
        network["link"] = link
    return network, chosen_disks(settings["disk-setup"], disks)


def chosen_disks(setup, disks):
    single = setup["filesystem"] in ("ext4", "xfs")
    if "disk-list" in setup:
        found = [one for name in setup["disk-list"] for one in disks.values() if one["DEVNAME"].endswith(name)]
    elif single:
        index = selection.first_match(disks, setup["filter"])
        found = [] if index is None else [disks[index]]
    else:
        found = selection.all_matches(disks, setup["filter"], setup.get("filter-match", "any"))
    demand(found, f"disk-setup: no disk matches; there are {', '.join(one['DEVNAME'] for one in disks.values()) or 'none'}")
    if not single:
        raid = setup[setup["filesystem"]]["raid"]
        demand(len(found) >= DISKS_MIN[raid], f"disk-setup: {raid} needs {DISKS_MIN[raid]} disks, found {len(found)}")
    return found


def fqdn_of(settings, leases):
    fqdn = settings["global"]["fqdn"]
    if isinstance(fqdn, str):
        return fqdn
    host = re.search(r'option host-name "([^"]+)"', leases)
    domain = fqdn.get("domain") or (re.search(r'option domain-name "([^"]+)"', leases) or (None, None))[1]
    demand(host and domain, "global.fqdn: DHCP gave no host name or no domain")
    return f"{host[1].split('.')[0]}.{domain}"
