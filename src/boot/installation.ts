import type { SystemUuid } from "../net/system-uuid.ts";
import type { StoredImage } from "../profiles/boot-image.ts";
import type { InstallTarget, Links } from "../profiles/kind.ts";
import type { Profile } from "../profiles/profiles.ts";
import type { Host } from "../queue/host.ts";
import type { ProfileName, Slot } from "../queue/slot.ts";
import { type QueueState, slotOf } from "../queue/state.ts";
import { type ServedNetworks, subnetAt } from "./subnets.ts";
import type { Urls } from "./urls.ts";

/** What every installation on this appliance has in common. */
export interface InstallSite extends ServedNetworks {
  readonly urls: Urls;
  /** By name; replaced as a whole when the configuration is read again. */
  readonly profiles: ReadonlyMap<ProfileName, Profile>;
  /** Replaced as a whole when one is added or removed. */
  readonly images: readonly StoredImage[];
  /** UUIDs that the operator has seen on more than one machine: they count as none. */
  readonly bogusUuids: ReadonlySet<SystemUuid>;
}

/** One host, its slot, and what is installed there. */
export interface Installation {
  readonly host: Host;
  readonly slot: Slot;
  readonly profile: Profile;
  readonly target: InstallTarget;
  readonly links: Links;
}

/** null: the host has no slot, no install was ever armed for it, or its profile or network is gone. */
export function installationOf(state: QueueState, host: Host, site: InstallSite): Installation | null {
  const slot = slotOf(state, host);
  const profile = slot && site.profiles.get(slot.profile);
  const network = slot && subnetAt(site, slot.address);
  if (slot === undefined || network === undefined || profile === undefined || host.attempt === null) return null;
  const { subnet, router, domainNameServers, domain } = network;
  const { address, hostname } = slot;
  const { bootMac } = host;
  const { diskSerials } = slot;
  const target = { address, subnet, router, domainNameServers, hostname, domain, bootMac, diskSerials };
  return { host, slot, profile, target, links: site.urls.links(host.id, host.attempt.token, site.images) };
}
