"""Behaves on the wire as the automated installer of Proxmox VE does, and installs a disk that says its name.

The order of things is that of the real one's start script: DHCP on every NIC, answer, first-boot file, disk, webhook,
reboot. `standin.release=9.1` on the kernel's command line makes it behave like that release (8.2 to 9.2, which is what
it is without), `standin.pause=SECONDS` holds it between the answer and the disk. `standin.fingerprint=HEX` is one that
is fixed in the image, and wins over that of DHCP.
"""

import json
import os
import sys
import time

import answer
import disk
import hostkeys
import machine
import report
import wire
from say import restart, say, stop

LEASES = "/var/lib/dhcp/dhclient.leases"


def main():
    arguments = machine.kernel_arguments()
    release = tuple(int(part) for part in arguments.get("standin.release", "9.2").split("."))
    say(f"release {release[0]}.{release[1]}, {machine.boot_mode()}, up for {machine.read('/proc/uptime').split()[0]} s")
    if not os.path.exists("/proxmox.iso"):
        stop("no device with valid ISO found")
    if not {"proxmox-start-auto-installer", "proxauto"} & arguments.keys():
        stop("proxmox-start-auto-installer is not on the kernel's command line, so a person would have to click")
    machine.name_nics()
    ask_dhcp()
    url = from_lease("proxmox-auto-installer-manifest-url")
    if url is None:
        stop("no URL for the answer: no lease has option 250")
    fingerprint = arguments.get("standin.fingerprint") or from_lease("proxmox-auto-installer-cert-fingerprint")
    settings = fetch_answer(url, release, fingerprint)
    install(settings, release, int(arguments.get("standin.pause", "0")))


def ask_dhcp():
    with open("/proc/sys/kernel/hostname", "w", encoding="ascii") as hostname:
        hostname.write("proxmox\n")
    open(LEASES, "w", encoding="ascii").close()
    # Without an interface: all of them. It goes on as soon as the first one is bound.
    os.system("dhclient -v -sf /sbin/dhclient-script > /run/dhclient.log 2>&1")
    bound = machine.addresses()
    if not bound:
        print(machine.read("/run/dhclient.log"))
        stop("DHCP gave no address on any NIC")
    say("addresses: " + ", ".join(f"{link} {cidr}" for link, cidr in bound.items()))


def from_lease(option):
    """The first line of the lease file wins, and its last word; so does the real one read it."""
    for line in (machine.read(LEASES) or "").splitlines():
        if line.strip().startswith(f"option {option} "):
            return line.split(" ")[-1].removeprefix('"').removesuffix('";')
    return None


def fetch_answer(url, release, fingerprint):
    body = {} if release < (8, 3) else {"$schema": {"version": "1.0"}}
    body |= {
        "product": {"fullname": "Proxmox VE", "product": "pve", "enable_btrfs": True},
        "iso": {"release": f"{release[0]}.{release[1]}", "isorelease": "1"},
        "dmi": machine.dmi(),
        "network_interfaces": [
            {"link": link, "mac": machine.mac_of(link).upper() if release >= (9, 2) else machine.mac_of(link)}
            for link in machine.nics()
        ],
    }
    headers = {
        "content-type": "application/json; charset=utf-" + ("8" if release >= (8, 3) else ""),
        "accept": "application/json, application/toml;q=0.5" if release >= (9, 2) else "*/*",
        "user-agent": "ureq/3.0.12",
        "accept-encoding": "gzip",
    }
    say("asks for its answer")
    try:
        response = wire.request("POST", url, headers, compact(body), release < (9, 2), fingerprint)
    except wire.HttpError as error:
        # Since 9.2 the operator can read on the console what the server said.
        stop(f"fetching the answer failed: {error}" + (f": {error.body}" if release >= (9, 2) else ""))
    try:
        text = response.body.decode("utf-8-sig")
        is_json = release >= (9, 2) and response.headers.get("content-type", "").startswith("application/json")
        return answer.parse(text, is_json, release)
    except (answer.Refused, UnicodeDecodeError) as error:
        stop(f"the answer is not valid: {error}")


def install(settings, release, pause_seconds):
    say(f"has its answer: {settings['global']['fqdn']}")
    first_boot = settings.get("first-boot")
    files = {"root/.ssh/authorized_keys": "".join(f"{key}\n" for key in settings["global"].get("root-ssh-keys", []))}
    if first_boot is not None:
        files["var/lib/first-boot"] = fetch_first_boot(first_boot)
    # Only from here on does the answer decide what happens after an error.
    reboot_on_error = settings["global"].get("reboot-on-error", False) and release >= (8, 4)
    time.sleep(pause_seconds)
    try:
        network, target = answer.verify(settings, machine.nics(), machine.disks(), release)
        fqdn = answer.fqdn_of(settings, machine.read(LEASES) or "")
        network = network or disk.network_from_dhcp()
        host_keys, key_files = hostkeys.make(fqdn.split(".")[0])
        install_id = disk.write(target[0]["DEVNAME"], fqdn, network, files | key_files)
    except (answer.Refused, OSError) as error:
        if reboot_on_error:
            say(f"installation failed, reboots in 10 s: {error}")
            time.sleep(10)
            restart()
        stop(f"installation failed: {error}")
    say(f"wrote install={install_id} to {', '.join(one['DEVNAME'] for one in target)}")
    webhook = settings.get("post-installation-webhook")
    if webhook is not None:
        send_report(webhook, report.compose(settings, release, fqdn, network, target, host_keys), reboot_on_error, release)
    mode = settings["global"].get("reboot-mode", "reboot")
    say(f"done, up for {machine.read('/proc/uptime').split()[0]} s: {mode}")
    restart(mode)


def fetch_first_boot(first_boot):
    if first_boot["source"] == "from-iso":
        stop("the ISO holds no first-boot script")
    try:
        headers = {"accept": "*/*", "user-agent": "ureq/3.0.12"}
        fingerprint = first_boot.get("cert-fingerprint", first_boot.get("cert_fingerprint"))
        script = wire.request("GET", first_boot["url"], headers, fingerprint=fingerprint).body
    except wire.HttpError as error:
        stop(f"fetching the first-boot script failed: {error}: {error.body}")
    say(f"has its first-boot script, {len(script)} octets")
    return script


def send_report(webhook, body, reboot_on_error, release):
    headers = {"content-type": "application/json; charset=utf-8", "accept": "*/*", "user-agent": "ureq/3.0.12"}
    fingerprint = webhook.get("cert-fingerprint", webhook.get("cert_fingerprint"))
    try:
        wire.request("POST", webhook["url"], headers, compact(body), release < (9, 2), fingerprint)
    except wire.HttpError as error:
        if not reboot_on_error:
            stop(f"the webhook failed, though the system is installed: {error}: {error.body}")
        say(f"the webhook failed, goes on in 30 s: {error}: {error.body}")
        time.sleep(30)
        return
    say("reported the installation")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # PID 1 must not end: the kernel would panic and the reason scroll away.
        sys.excepthook(*sys.exc_info())
        stop(f"the stand-in itself failed: {error!r}")
