import type { DhcpMode, Host } from "../queue/host.ts";

/** How machines are served that have no mode of their own. */
export type StandardMode = Exclude<DhcpMode, "ignore">;

/** `host` undefined: a machine that the queue does not know. */
export function dhcpModeOf(host: Host | undefined, standard: StandardMode): DhcpMode {
  return host?.dhcp ?? standard;
}

/**
 * Whether nobody but us gives this host addresses, so that whatever asks from another one is not it. Beside another server
 * that is not so even of a host that is served in full: its installer may have taken the other offer.
 */
export function hasOnlyOurAddresses(host: Host | undefined, standard: StandardMode): boolean {
  return standard === "full" && dhcpModeOf(host, standard) === "full";
}

/** For the timeline. */
export const IGNORED =
  "it is to be ignored, whatever its state: its own DHCP mode says so; `bootqueue mode HOST default` ends that";
