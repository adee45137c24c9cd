import type { Instant } from "../std/clock.ts";

/** A host that is ready, as inventory systems are told of it. */
export interface ReadyNode {
  /** The host's id. */
  readonly id: string;
  /** Since when it is ready: a host that was installed again is another one. */
  readonly readyAt: Instant;
  readonly hostname: string;
  readonly domain: string;
  readonly address: string;
  /** Bits of the network part. */
  readonly prefixLength: number;
  readonly profile: string;
  readonly labels: readonly string[];
  readonly serverType: string | null;
  readonly uuid: string | null;
  readonly bootMac: string;
  /** What its installer reported; null where it said nothing. */
  readonly product: string | null;
  readonly serial: string | null;
  readonly system: string | null;
  readonly nics: readonly { readonly name: string | null; readonly mac: string }[];
  readonly disks: readonly {
    readonly device: string | null;
    readonly model: string | null;
    readonly serial: string | null;
    readonly sizeBytes: number | null;
  }[];
}
