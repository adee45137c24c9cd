import type { SystemUuid } from "../net/system-uuid.ts";
import { refusing } from "../profiles/bind-profile.ts";
import type { StoredImage } from "../profiles/boot-image.ts";
import type { InstallTarget, Links } from "../profiles/kind.ts";
import type { Profile } from "../profiles/profiles.ts";
import type { Host } from "../queue/host.ts";
import type { ProfileName, Slot } from "../queue/slot.ts";
import { type QueueState, slotOf } from "../queue/state.ts";
import type { HttpCluster } from "./http-cluster.ts";
import { type ProfileSite, profileFor, wrongTypeProblems } from "./machine-settings.ts";
import type { Menu } from "./menu.ts";
import { type ServedNetworks, subnetAt } from "./subnets.ts";
import type { Urls } from "./urls.ts";

/** What every installation on this appliance has in common. */
export interface InstallSite extends ServedNetworks, ProfileSite {
  readonly urls: Urls;
  /** By name; replaced as a whole when the configuration is read again. */
  readonly profiles: ReadonlyMap<ProfileName, Profile>;
  /** Replaced as a whole when one is added or removed. */
  readonly images: readonly StoredImage[];
  /** By name; clusters that hosts join by themselves, through the first-boot agent. */
  readonly httpClusters: ReadonlyMap<string, HttpCluster>;
  /** UUIDs that the operator has seen on more than one machine: they count as none. */
  readonly bogusUuids: ReadonlySet<SystemUuid>;
  /** For machines that are to install nothing; null: none. */
  readonly menu: Menu | null;
}

/** One host, its slot, and what is installed there. */
export interface Installation {
  readonly host: Host;
  readonly slot: Slot;
  readonly profile: Profile;
  readonly target: InstallTarget;
  readonly links: Links;
}

/**
 * null: the host has no slot, no install was ever armed for it, or its profile or network is gone. `product`: what its
 * installer just said that it is. A profile that does not fit the machine serves nothing, and says why.
 */
export function installationOf(
  state: QueueState,
  host: Host,
  site: InstallSite,
  product: string | null = null,
): Installation | null {
  const slot = slotOf(state, host);
  const found = slot && profileFor(site, slot, host, product);
  const wrong = slot === undefined ? [] : wrongTypeProblems(site.machines, slot, host, product);
  const profile = found !== undefined && wrong.length > 0 ? refusing(found, wrong) : found;
  const network = slot && subnetAt(site, slot.address);
  if (slot === undefined || network === undefined || profile === undefined || host.attempt === null) return null;
  const { subnet, router, domainNameServers, domain } = network;
  const { address, hostname } = slot;
  const { bootMac } = host;
  const { diskSerials } = slot;
  const target = { address, subnet, router, domainNameServers, hostname, domain, bootMac, diskSerials };
  return { host, slot, profile, target, links: site.urls.links(host.id, host.attempt, site.images) };
}

/** Whether its own first-boot agent joins it to its cluster, and not the appliance. */
export function joinsByItself(state: QueueState, host: Host, site: InstallSite): boolean {
  const slot = slotOf(state, host);
  const cluster = slot && profileFor(site, slot, host)?.flow().cluster;
  return cluster != null && site.httpClusters.has(cluster);
}
