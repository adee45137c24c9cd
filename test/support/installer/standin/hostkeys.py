"""The SSH host keys of the new system."""

import binascii
import os
import struct

KEYGEN = "/usr/bin/ssh-keygen"


def make(host):
    """The public halves by type, and the files that belong on the disk."""
    return real(host) if os.path.exists(KEYGEN) else (imagined(host), {})


def real(host):
    public, files = {}, {}
    for kind in ("ecdsa", "ed25519"):
        path = f"/run/ssh_host_{kind}_key"
        if os.system(f"{KEYGEN} -q -t {kind} -N '' -C root@{host} -f {path}") != 0:
            raise OSError(f"ssh-keygen made no {kind} key")
        for name in (path, f"{path}.pub"):
            with open(name, encoding="ascii") as file:
                files[f"etc/ssh/{os.path.basename(name)}"] = file.read()
        public[kind] = files[f"etc/ssh/ssh_host_{kind}_key.pub"].strip()
    return public, files


def imagined(host):
    """Of the right form and different for every installation; nobody holds their other half."""
    comment = f"root@{host}"
    ed25519 = field(b"ssh-ed25519") + field(os.urandom(32))
    ecdsa = field(b"ecdsa-sha2-nistp256") + field(b"nistp256") + field(b"\x04" + os.urandom(64))
    rsa = field(b"ssh-rsa") + field(b"\x01\x00\x01") + field(b"\x00\xc0" + os.urandom(255))
    return {
        "ecdsa": f"ecdsa-sha2-nistp256 {base64(ecdsa)} {comment}",
        "ed25519": f"ssh-ed25519 {base64(ed25519)} {comment}",
        "rsa": f"ssh-rsa {base64(rsa)} {comment}",
    }


def field(octets):
    return struct.pack(">I", len(octets)) + octets


def base64(octets):
    return binascii.b2a_base64(octets, newline=False).decode()
