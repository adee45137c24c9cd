import { shellWord } from "../std/shell-word.ts";
import type { DebianSettings } from "./debian-settings.ts";
import type { InstallTarget, Links } from "./kind.ts";
import { keyOwner } from "./linux-accounts.ts";
import { dnsOf, netmaskOf } from "./linux-network.ts";

/**
 * Answers to every question of Debian's installer that would else be asked, in its preseed format: one line each. Those
 * that come before the network are kernel arguments. Source: Debian Installation Guide, appendix B.
 */
export function renderPreseed(settings: DebianSettings, target: InstallTarget, links: Links): string {
  return `${[
    `# Debian for ${target.hostname}.${target.domain}, made by bootqueue.`,
    ...localeLines(settings),
    ...mirrorLines(settings),
    ...accountLines(settings),
    ...storageLines(settings, links),
    ...packageLines(settings),
    "d-i finish-install/reboot_in_progress note",
    `d-i preseed/early_command string ${tell(links, "preseed", "answers applied")}`,
    // A script of its own, because a line of this file is read by debconf and then by a shell.
    `d-i preseed/late_command string ${tell(links, "finish", "last commands")}; wget -q -O /tmp/finish.sh ${links.plain.answerFile("finish.sh")} && sh /tmp/finish.sh`,
    ...settings.preseed,
  ].join("\n")}\n`;
}

/** Commands of the kind itself at the end of the install; `/target` is the installed system. */
export function finishCommands(settings: DebianSettings, target: InstallTarget): readonly string[] {
  const { identity, network } = settings;
  const { username, password_hash, authorized_keys } = identity;
  const commands: string[] = [];
  if (authorized_keys.length > 0) {
    const user = keyOwner(identity);
    const home = user === "root" ? "/root" : `/home/${user}`;
    const keys = shellWord(authorized_keys.map((key) => `${key}\n`).join(""));
    commands.push(
      `umask 077; mkdir -p /target${home}/.ssh && printf %s ${keys} >/target${home}/.ssh/authorized_keys && in-target chown -R ${user}: ${home}/.ssh`,
    );
  }
  // Whoever has no password could not use sudo with one.
  if (username !== undefined && password_hash === undefined) {
    commands.push(`umask 337; echo '${username} ALL=(ALL) NOPASSWD: ALL' >/target/etc/sudoers.d/${username}`);
  }
  const dns = dnsOf(network, target);
  // The kernel's command line has no room for more than one.
  if (network.source === "static" && dns.length > 1) {
    const lines = [`search ${target.domain}`, ...dns.map((address) => `nameserver ${address}`)];
    commands.push(`printf '%s\\n' ${lines.map(shellWord).join(" ")} >/target/etc/resolv.conf`);
  }
  return [...commands, ...settings.late_commands];
}

/** What the kernel is told, because the installer asks for it before it has the preseed. */
export function installerArgs({ network }: DebianSettings, target: InstallTarget, links: Links): readonly string[] {
  const [dns = target.router] = dnsOf(network, target);
  const address =
    network.source === "dhcp"
      ? ["netcfg/dhcp_timeout=60"]
      : [
          "netcfg/disable_autoconfig=true",
          `netcfg/get_ipaddress=${target.address}`,
          `netcfg/get_netmask=${netmaskOf(target)}`,
          `netcfg/get_gateway=${target.router}`,
          `netcfg/get_nameservers=${dns}`,
          "netcfg/confirm_static=true",
        ];
  return [
    "auto=true",
    "priority=critical",
    `url=${links.plain.answerFile("preseed.cfg")}`,
    "interface=auto",
    // Of several NICs the one that booted.
    `BOOTIF=01-${target.bootMac.replaceAll(":", "-")}`,
    `hostname=${target.hostname}`,
    `domain=${target.domain}`,
    ...address,
  ];
}

function localeLines({ locale, keyboard, timezone, non_free_firmware }: DebianSettings): string[] {
  return [
    `d-i debian-installer/locale string ${locale}`,
    `d-i keyboard-configuration/xkb-keymap select ${keyboard}`,
    `d-i hw-detect/load_firmware boolean ${non_free_firmware}`,
    "d-i clock-setup/utc boolean true",
    "d-i clock-setup/ntp boolean true",
    `d-i time/zone string ${timezone}`,
  ];
}

function mirrorLines({ mirror, non_free_firmware }: DebianSettings): string[] {
  return [
    "d-i mirror/country string manual",
    "d-i mirror/protocol string http",
    `d-i mirror/http/hostname string ${mirror.host}`,
    `d-i mirror/http/directory string ${mirror.directory}`,
    `d-i mirror/http/proxy string ${mirror.proxy ?? ""}`.trimEnd(),
    ...(mirror.suite === undefined ? [] : [`d-i mirror/suite string ${mirror.suite}`]),
    `d-i apt-setup/non-free-firmware boolean ${non_free_firmware}`,
    "d-i apt-setup/cdrom/set-first boolean false",
    "d-i apt-setup/disable-cdrom-entries boolean true",
  ];
}

function accountLines({ identity }: DebianSettings): string[] {
  const { username, realname, password_hash, root_password_hash, authorized_keys } = identity;
  const rootLogs = root_password_hash !== undefined || (username === undefined && authorized_keys.length > 0);
  return [
    `d-i passwd/root-login boolean ${rootLogs}`,
    // No hash of any password, so that nobody can log in with one.
    ...(rootLogs ? [`d-i passwd/root-password-crypted password ${root_password_hash ?? "!"}`] : []),
    `d-i passwd/make-user boolean ${username !== undefined}`,
    ...(username === undefined
      ? []
      : [
          `d-i passwd/username string ${username}`,
          `d-i passwd/user-fullname string ${realname ?? username}`,
          `d-i passwd/user-password-crypted password ${password_hash ?? "!"}`,
        ]),
  ];
}

function storageLines({ storage }: DebianSettings, links: Links): string[] {
  const { disk, method, recipe, filesystem } = storage;
  const lvm = [
    "d-i partman-auto-lvm/guided_size string max",
    "d-i partman-lvm/confirm boolean true",
    "d-i partman-lvm/confirm_nooverwrite boolean true",
  ];
  // The installer compares devices by their names, so a link is followed first.
  const device = `$(readlink -f ${disk})`;
  const early = `${tell(links, "partition the disk", disk)}; debconf-set partman-auto/disk "${device}"; debconf-set grub-installer/bootdev "${device}"`;
  return [
    `d-i partman/early_command string ${early}`,
    `d-i partman-auto/disk string ${disk}`,
    `d-i partman-auto/method string ${method}`,
    "d-i partman-lvm/device_remove_lvm boolean true",
    "d-i partman-md/device_remove_md boolean true",
    ...(method === "lvm" ? lvm : []),
    `d-i partman-auto/choose_recipe select ${recipe}`,
    `d-i partman/default_filesystem string ${filesystem}`,
    "d-i partman-partitioning/confirm_write_new_label boolean true",
    "d-i partman/choose_partition select finish",
    "d-i partman/confirm boolean true",
    "d-i partman/confirm_nooverwrite boolean true",
    "d-i partman-efi/non_efi_system boolean true",
    "d-i grub-installer/only_debian boolean true",
    "d-i grub-installer/with_other_os boolean true",
    `d-i grub-installer/bootdev string ${disk}`,
  ];
}

function packageLines({ tasks, packages, identity }: DebianSettings): string[] {
  const own = identity.username === undefined ? [] : ["sudo"];
  const needed = [...new Set([...own, ...packages])];
  return [
    `tasksel tasksel/first multiselect ${tasks.join(", ")}`.trimEnd(),
    `d-i pkgsel/include string ${needed.join(" ")}`.trimEnd(),
    "d-i pkgsel/upgrade select safe-upgrade",
    "d-i pkgsel/update-policy select none",
    "popularity-contest popularity-contest/participate boolean false",
  ];
}

/** A command of the installer that tells what it is doing; it never fails. */
function tell(links: Links, step: string, text: string): string {
  const query = `step=${encodeURIComponent(step)}&outcome=noted&text=${encodeURIComponent(text)}`;
  return `wget -q -O /dev/null "${links.plain.progress}?${query}" || true`;
}
