import type { InstallSite } from "../../src/boot/installation.ts";
import { type MachineSettings, NO_MACHINE_SETTINGS } from "../../src/boot/machine-settings.ts";
import { Urls } from "../../src/boot/urls.ts";
import type { DomainName } from "../../src/net/hostname.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { Profile } from "../../src/profiles/profiles.ts";
import { proxmoxProfile } from "./proxmox-profile.ts";

/** An appliance at 10.11.0.1, without HTTPS and images, on which one profile is installed. */
export function installSite(profile: Profile = proxmoxProfile(), machines: Partial<MachineSettings> = {}): InstallSite {
  const address = "10.11.0.1" as Ipv4Address;
  return {
    subnet: "10.11.0.0/22" as Ipv4Subnet,
    router: address,
    domainNameServers: [address],
    domain: "lab.example" as DomainName,
    urls: new Urls(address, 80, null),
    profiles: new Map([[profile.name, profile]]),
    machines: { ...NO_MACHINE_SETTINGS, ...machines },
    images: [],
    httpClusters: new Map(),
    menu: null,
    bogusUuids: new Set(),
  };
}
