import { prefixLength } from "../net/ipv4-address.ts";
import { shellWord } from "../std/shell-word.ts";
import { renderFinishScript } from "./finish-script.ts";
import type { FlatcarSettings } from "./flatcar.ts";
import type { InstallTarget, Links } from "./kind.ts";
import { dnsOf } from "./linux-network.ts";

/**
 * What the system in memory is configured with: one unit that puts Flatcar on the disk, and beside it, as a file, the
 * configuration of the system there. Ignition configuration specification 3.3.0.
 */
export function renderIgnition(settings: FlatcarSettings, target: InstallTarget, links: Links): string {
  return json({
    ignition: VERSION,
    passwd: { users: [core(settings)] },
    storage: {
      files: [
        file("/opt/bootqueue/system.json", 0o600, json(systemOf(settings, target, links))),
        file("/opt/bootqueue/install", 0o700, installScript(settings, target, links)),
      ],
    },
    systemd: { units: [unit("bootqueue-install.service", INSTALL_UNIT)] },
  });
}

const VERSION = { version: "3.3.0" };

const INSTALL_UNIT = `[Unit]
Description=Install Flatcar on the disk
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/opt/bootqueue/install
ExecStartPost=/usr/bin/systemctl --no-block reboot

[Install]
WantedBy=multi-user.target
`;

/** Until the agent is there; then it is the agent's turn. */
const HOOK_UNIT = `[Unit]
Description=Put bootqueue's first-boot agent into the system
Wants=network-online.target
After=network-online.target
ConditionPathExists=!/opt/bootqueue-agent/agent

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'curl -fsS -m 60 -o /run/bootqueue-hook @URL@ && sh /run/bootqueue-hook'
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

function systemOf(settings: FlatcarSettings, target: InstallTarget, links: Links): Record<string, unknown> {
  const { ignition, first_boot, channel } = settings;
  const hook = first_boot.phone_home
    ? [
        unit(
          "bootqueue-hook.service",
          HOOK_UNIT.replace("@URL@", () => links.plain.firstBootScript),
        ),
      ]
    : [];
  const own = {
    passwd: { users: [core(settings)] },
    storage: {
      files: [
        file("/etc/hostname", 0o644, `${target.hostname}.${target.domain}\n`),
        file("/etc/systemd/network/00-bootqueue.network", 0o644, networkUnit(settings, target)),
        file("/etc/flatcar/update.conf", 0o644, `GROUP=${channel}\n`),
      ],
    },
    systemd: { units: hook },
  };
  return { ignition: VERSION, ...appended(own, ignition) };
}

function core({ authorized_keys, password_hash }: FlatcarSettings): Record<string, unknown> {
  const password = password_hash === undefined ? {} : { passwordHash: password_hash };
  return { name: "core", sshAuthorizedKeys: authorized_keys, ...password };
}

function networkUnit({ network }: FlatcarSettings, target: InstallTarget): string {
  const address =
    network.source === "dhcp"
      ? "DHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac\n"
      : [
          `Address=${target.address}/${prefixLength(target.subnet)}`,
          `Gateway=${target.router}`,
          ...dnsOf(network, target).map((each) => `DNS=${each}`),
          `Domains=${target.domain}`,
          "",
        ].join("\n");
  return `[Match]\nMACAddress=${target.bootMac}\n\n[Network]\n${address}`;
}

function installScript(settings: FlatcarSettings, target: InstallTarget, links: Links): string {
  const { disk, channel, version, mirror } = settings;
  const from = mirror === undefined ? "" : ` -b ${shellWord(mirror)}`;
  const tell = (outcome: string) =>
    `curl -fsS -m 20 -o /dev/null ${shellWord(`${links.plain.progress}?step=flatcar-install&outcome=${outcome}`)} || true`;
  const install = `flatcar-install -d "$(readlink -f ${shellWord(disk)})" -i /opt/bootqueue/system.json -C ${channel} -V ${version}${from}`;
  // Nothing of the system on the disk is mounted, so nothing is told of it but that it is there.
  return renderFinishScript(
    { root: "/opt/bootqueue/nowhere", commands: [tell("started"), install, tell("succeeded")], hook: false },
    target,
    links,
  );
}

/** As text, for people to read: a data URL with everything in it escaped that has to be. */
function file(path: string, mode: number, text: string): Record<string, unknown> {
  return { path, mode, overwrite: true, contents: { source: `data:,${encodeURIComponent(text)}` } };
}

function unit(name: string, contents: string): Record<string, unknown> {
  return { name, enabled: true, contents };
}

/** Tables key by key, lists one after the other; of two values the operator's. */
function appended(own: Record<string, unknown>, more: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result = { ...own };
  for (const [key, value] of Object.entries(more)) {
    const before = result[key];
    if (Array.isArray(before) && Array.isArray(value)) result[key] = [...before, ...value];
    else if (isTable(before) && isTable(value)) result[key] = appended(before, value);
    else result[key] = value;
  }
  return result;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
