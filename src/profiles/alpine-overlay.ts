import { shellWord } from "../std/shell-word.ts";
import type { TarEntry } from "../std/tar-gz.ts";
import type { AlpineSettings } from "./alpine.ts";
import { renderFinishScript } from "./finish-script.ts";
import type { InstallTarget, Links } from "./kind.ts";
import { keyOwner } from "./linux-accounts.ts";
import { dnsOf, netmaskOf } from "./linux-network.ts";

/**
 * What is laid over the system in memory (`apkovl`): the files of `/etc` that the installed system keeps, and a script
 * that is run at the end of the boot and installs it. Source: alpinelinux/alpine-conf `setup-disk.in`, mkinitfs `initramfs-init.in`.
 */
export function alpineOverlay(settings: AlpineSettings, target: InstallTarget, links: Links): readonly TarEntry[] {
  const { mirror, branch, packages, identity, timezone } = settings;
  const file = (path: string, content: string, mode = 0o644): TarEntry => ({ path, mode, content });
  const folder = (path: string): TarEntry => ({ path, mode: 0o755, content: "" });
  const service = (level: string, name: string): TarEntry => ({
    path: `etc/runlevels/${level}/${name}`,
    mode: 0o777,
    content: "",
    link: `/etc/init.d/${name}`,
  });
  const wanted = new Set(["alpine-base", "openssh", "curl", "chrony", "tzdata", "e2fsprogs", "doas", ...packages]);
  return [
    folder("etc/"),
    // With it the initramfs adds the services that every system in memory needs.
    file("etc/.default_boot_services", ""),
    file("etc/hostname", `${target.hostname}\n`),
    file(
      "etc/hosts",
      `127.0.0.1 localhost\n${target.address} ${target.hostname}.${target.domain} ${target.hostname}\n`,
    ),
    folder("etc/apk/"),
    file("etc/apk/world", `${[...wanted].sort().join("\n")}\n`),
    file("etc/apk/repositories", `${mirror}/${branch}/main\n${mirror}/${branch}/community\n`),
    folder("etc/network/"),
    file("etc/network/interfaces", LIVE_INTERFACES),
    folder("etc/bootqueue/"),
    file("etc/bootqueue/interfaces", interfaces(settings, target)),
    file("etc/bootqueue/timezone", `${timezone}\n`),
    file("etc/bootqueue/authorized_keys", identity.authorized_keys.map((key) => `${key}\n`).join(""), 0o600),
    file("etc/bootqueue/install", installScript(settings, links), 0o700),
    file("etc/bootqueue/finish", renderFinishScript(finishOf(settings, target), target, links), 0o700),
    folder("etc/local.d/"),
    file("etc/local.d/bootqueue.start", START, 0o755),
    folder("etc/runlevels/"),
    folder("etc/runlevels/boot/"),
    ...["bootmisc", "hostname", "hwclock", "modules", "networking", "swap", "sysctl", "syslog"].map((name) =>
      service("boot", name),
    ),
    folder("etc/runlevels/default/"),
    ...["local", "sshd", "chronyd"].map((name) => service("default", name)),
  ];
}

/** In memory it has what the initramfs got by DHCP. */
const LIVE_INTERFACES = "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n";

const START = `#!/bin/sh
# Installs the system once; the one that was installed boots without this word.
grep -qw bootqueue.install /proc/cmdline || exit 0
/etc/bootqueue/install >/var/log/bootqueue-install.log 2>&1 &
`;

function interfaces({ network }: AlpineSettings, target: InstallTarget): string {
  const address =
    network.source === "dhcp"
      ? "iface @NIC@ inet dhcp\n"
      : `iface @NIC@ inet static
    address ${target.address}
    netmask ${netmaskOf(target)}
    gateway ${target.router}
`;
  return `auto lo\niface lo inet loopback\n\nauto @NIC@\n${address}`;
}

function installScript(settings: AlpineSettings, links: Links): string {
  const { storage, keyboard } = settings;
  const swap = storage.swap_mib === undefined ? "" : `export SWAP_SIZE=${storage.swap_mib}\n`;
  return `#!/bin/sh
# Puts Alpine on the disk, made by bootqueue. Then ./finish tells of it.
set -u
disk=${shellWord(storage.disk)}
progress=${shellWord(links.plain.progress)}
failed=${shellWord(links.plain.failed)}

tell() { curl -fsS -m 20 -o /dev/null "$progress?step=$1&outcome=$2"; }
fail() {
  tell "$1" failed
  tail -n 5 /var/log/bootqueue-install.log | curl -fsS -m 20 -H 'Content-Type: text/plain' --data-binary @- "$failed"
  exit 1
}

setup-keymap ${keyboard} ${keyboard}
setup-timezone -z "$(cat /etc/bootqueue/timezone)"
tell partition-and-copy started
ERASE_DISKS=$(readlink -f "$disk")
export ERASE_DISKS ROOTFS=${storage.filesystem}
${swap}setup-disk -m sys "$ERASE_DISKS" || fail partition-and-copy
tell partition-and-copy succeeded
# setup-disk leaves nothing mounted: the root is where the release is told.
for part in "$ERASE_DISKS"?*; do
  mount "$part" /mnt 2>/dev/null || continue
  [ -e /mnt/etc/alpine-release ] && break
  umount /mnt
done
[ -e /mnt/etc/alpine-release ] || fail find-the-root
/etc/bootqueue/finish || exit 1
umount /mnt
reboot
`;
}

function finishOf(settings: AlpineSettings, target: InstallTarget) {
  const { identity, network, late_commands, first_boot } = settings;
  const { username, realname, password_hash, root_password_hash, authorized_keys } = identity;
  const owner = keyOwner(identity);
  const home = owner === "root" ? "/root" : `/home/${owner}`;
  const password = (user: string, hash: string | undefined) =>
    `printf '%s\\n' ${shellWord(`${user}:${hash ?? "*"}`)} | chroot /mnt chpasswd -e`;
  const dns = dnsOf(network, target);
  const resolv = [`search ${target.domain}`, ...dns.map((each) => `nameserver ${each}`)];
  const commands = [
    // The name that the kernel gives the NIC that booted.
    `nic=$(grep -il ${target.bootMac} /sys/class/net/*/address | head -n 1 | cut -d/ -f5); sed "s/@NIC@/\${nic:-eth0}/" /etc/bootqueue/interfaces >/mnt/etc/network/interfaces`,
    ...(network.source === "dhcp" ? [] : [`printf '%s\\n' ${resolv.map(shellWord).join(" ")} >/mnt/etc/resolv.conf`]),
    password("root", root_password_hash),
    ...(username === undefined
      ? []
      : [
          `chroot /mnt adduser -D -g ${shellWord(realname ?? username)} ${username} && chroot /mnt adduser ${username} wheel`,
          password(username, password_hash),
          `mkdir -p /mnt/etc/doas.d && echo 'permit ${password_hash === undefined ? "nopass" : "persist"} :wheel' >/mnt/etc/doas.d/wheel.conf`,
        ]),
    ...(authorized_keys.length === 0
      ? []
      : [
          `umask 077; mkdir -p /mnt${home}/.ssh && cp /etc/bootqueue/authorized_keys /mnt${home}/.ssh/ && chroot /mnt chown -R ${owner} ${home}/.ssh`,
        ]),
    // It holds the token of this install, and nothing there is needed any more.
    "rm -rf /mnt/etc/bootqueue /mnt/etc/local.d/bootqueue.start",
    ...late_commands,
  ];
  return { root: "/mnt", commands, hook: first_boot.phone_home };
}
