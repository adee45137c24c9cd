import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { PowerType } from "./power-control.ts";

/** How one machine's power is switched, as the configuration says, every default filled in. */
export type PowerSettings = RedfishSettings | IpmiSettings | WakeOnLanSettings;

export interface RedfishSettings {
  readonly type: "redfish";
  /** `https://10.0.9.5`, or with a port; never with a path, which is found out. */
  readonly url: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly trust: BmcTrust;
  /** Id, UUID or serial number of the system, where the BMC has several; null: the one that proves to be the host. */
  readonly system: string | null;
  /** false: the system that `system` names, whatever it and the host say of themselves. */
  readonly checkIdentity: boolean;
  readonly boot: NetworkBoot;
  readonly limits: PowerLimits;
}

export interface IpmiSettings {
  readonly type: "ipmi";
  readonly address: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly boot: NetworkBoot;
  readonly limits: PowerLimits;
}

export interface WakeOnLanSettings {
  readonly type: "wake-on-lan";
  /** Where the packets go: the broadcast address of the machine's network. */
  readonly broadcast: Ipv4Address;
}

/** `fingerprint`: SHA-256 of the BMC's certificate, `AA:BB:…`. `ca`: path of a PEM file with the authority's. */
export type BmcTrust =
  | { readonly type: "fingerprint"; readonly sha256: string }
  | { readonly type: "ca"; readonly file: string };

/**
 * How the next boot is chosen. `auto`: PXE in the mode that the machine is in. `unchanged`: not at all, because the
 * machine tries the network first by itself.
 */
export type NetworkBoot = "auto" | "uefi" | "legacy" | "uefi-http" | "unchanged";

export interface PowerLimits {
  /** For one answer. */
  readonly requestMs: number;
  /** For the machine to be on or off after it was told so. */
  readonly switchMs: number;
  /** For a system to shut down by itself before it is switched off. */
  readonly shutdownMs: number;
}

export const POWER_TYPES = ["redfish", "ipmi", "wake-on-lan"] as const satisfies readonly PowerType[];
