import { z } from "zod";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Problem } from "../std/problem.ts";
import type { InstallTarget } from "./kind.ts";
import { ipv4Address } from "./proxmox-fields.ts";
import { networkSource } from "./system-fields.ts";

/** The network of an installed Linux, on the NIC that booted. */
export const network = z
  .strictObject({
    source: networkSource,
    dns: z
      .array(ipv4Address, { error: "expected a list of addresses" })
      .optional()
      .meta({ description: "Name servers of the installed system.", "x-default": "`network.dns` of the appliance" }),
  })
  .prefault({})
  .describe("Its network.");

interface Network {
  readonly source: "static" | "dhcp";
  readonly dns?: readonly Ipv4Address[] | undefined;
}

export const NETWORK_HINTS: Readonly<Record<string, string>> = {
  "network.address": "unknown key; the address is the slot's",
  "network.addresses": "unknown key; the address is the slot's",
  "network.gateway": "unknown key; the gateway is network.router of the appliance",
};

export function networkProblems({ source, dns }: Network): Problem[] {
  if (source === "static" || dns === undefined) return [];
  return [{ path: "network.dns", message: 'expected no dns with source = "dhcp": it comes from DHCP' }];
}

export function networkWarnings({ source }: Network): Problem[] {
  if (source === "static") return [];
  return [{ path: "network.source", message: "the system has an address only as long as the appliance runs" }];
}

export function networkTargetProblems(network: Network, target: InstallTarget): Problem[] {
  if (network.source === "dhcp" || dnsOf(network, target).length > 0) return [];
  return [{ path: "network.dns", message: "missing: the network has no name server, and the system would have none" }];
}

export function dnsOf({ dns }: Network, target: InstallTarget): readonly Ipv4Address[] {
  return dns ?? target.domainNameServers;
}

/** `255.255.252.0` */
export function netmaskOf({ subnet }: InstallTarget): string {
  const bits = Number(subnet.split("/")[1]);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 255).join(".");
}
