import { prefixLength } from "../net/ipv4-address.ts";
import type { RenderedFile } from "./fetched-kind.ts";
import { renderFinishScript } from "./finish-script.ts";
import type { InstallTarget, Links } from "./kind.ts";
import type { UbuntuSettings } from "./ubuntu-settings.ts";
import { renderYaml } from "./yaml-text.ts";

/**
 * The four files of cloud-init's data source NoCloud. The installer is configured by `autoinstall` in the first; those
 * that say nothing are there all the same, because cloud-init asks ten times for a file that it does not get.
 */
export function renderSeed(
  settings: UbuntuSettings,
  target: InstallTarget,
  links: Links,
): Readonly<Record<string, RenderedFile>> {
  const instance = `${target.hostname}-${links.token.slice(0, 8)}`;
  const autoinstall = autoinstallOf(settings, target, links);
  return {
    "user-data": yaml(`#cloud-config\n${renderYaml({ autoinstall })}`),
    "meta-data": yaml(renderYaml({ "instance-id": instance, "local-hostname": target.hostname })),
    "vendor-data": yaml(""),
    "network-config": yaml(""),
  };
}

function yaml(content: string): RenderedFile {
  return { contentType: "text/plain; charset=utf-8", content };
}

function autoinstallOf(settings: UbuntuSettings, target: InstallTarget, links: Links): Record<string, unknown> {
  const { identity, ssh, apt, storage, keyboard } = settings;
  return {
    version: 1,
    ...settings.autoinstall,
    "refresh-installer": { update: false },
    source: { id: settings.source, search_drivers: false },
    locale: settings.locale,
    keyboard: { layout: keyboard.layout, variant: keyboard.variant },
    timezone: settings.timezone,
    ...(apt.proxy === undefined ? {} : { proxy: apt.proxy }),
    network: networkOf(settings, target),
    apt: {
      geoip: false,
      fallback: apt.fallback,
      ...(apt.mirror === undefined ? {} : { "mirror-selection": { primary: [{ uri: apt.mirror }] } }),
    },
    storage: storageOf(storage),
    identity: {
      hostname: target.hostname,
      username: identity.username,
      ...(identity.realname === undefined ? {} : { realname: identity.realname }),
      password: identity.password_hash,
    },
    ssh: {
      "install-server": ssh.install_server,
      "allow-pw": ssh.allow_password,
      "authorized-keys": ssh.authorized_keys,
    },
    packages: settings.packages,
    updates: settings.updates,
    "user-data": userDataOf(settings, target, links),
    reporting: { bootqueue: { type: "webhook", endpoint: links.plain.progress, level: "INFO", retries: [1, 2] } },
    "early-commands": settings.early_commands,
    // The report comes last: a command of the profile that fails must not be overtaken by it.
    "late-commands": [
      ...settings.late_commands,
      renderFinishScript({ root: "/target", commands: [], hook: hasAgent(settings) }, target, links),
    ],
    "error-commands": settings.error_commands,
    shutdown: "reboot",
  };
}

/** Where nothing is to be done at the first boot but to call, cloud-init does that by itself. */
export function hasAgent({ first_boot }: UbuntuSettings): boolean {
  return first_boot.phone_home && first_boot.steps.length > 0;
}

function networkOf({ network }: UbuntuSettings, target: InstallTarget): Record<string, unknown> {
  const { ethernets, ...others } = network.netplan;
  const boot =
    network.source === "dhcp"
      ? // The appliance knows the machine by its hardware address, not by an identifier of its own.
        { dhcp4: true, "dhcp-identifier": "mac" }
      : {
          dhcp4: false,
          addresses: [`${target.address}/${prefixLength(target.subnet)}`],
          routes: [{ to: "default", via: target.router }],
          nameservers: { addresses: network.dns ?? target.domainNameServers, search: [target.domain] },
        };
  const mtu = network.mtu === undefined ? {} : { mtu: network.mtu };
  return {
    version: 2,
    ...others,
    ethernets: {
      ...(ethernets as Record<string, unknown> | undefined),
      // The only NIC that is surely on this network.
      boot: { match: { macaddress: target.bootMac }, ...boot, ...mtu },
    },
  };
}

function storageOf({ layout, sizing_policy, match, swap_gib, config }: UbuntuSettings["storage"]): unknown {
  const swap = swap_gib === undefined ? {} : { swap: { size: swap_gib * 1024 ** 3 } };
  if (config !== undefined) return { ...swap, config };
  const name = layout ?? "lvm";
  const policy = name === "lvm" ? { "sizing-policy": sizing_policy } : {};
  return { layout: { name, ...policy, match }, ...swap };
}

function userDataOf(settings: UbuntuSettings, target: InstallTarget, links: Links): Record<string, unknown> {
  const own = { fqdn: `${target.hostname}.${target.domain}`, ...settings.user_data };
  if (!settings.first_boot.phone_home || hasAgent(settings)) return own;
  // With the keys of its SSH server, so that nobody has to trust the first one that answers.
  const post = ["pub_key_ed25519", "pub_key_ecdsa", "pub_key_rsa", "instance_id", "hostname", "fqdn"];
  return { ...own, phone_home: { url: links.phoneHome, post, tries: 20 } };
}
