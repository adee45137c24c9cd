import type { MacAddress } from "../net/mac-address.ts";
import type { SettingsTable } from "./layers.ts";

/** A model of machine: how it is recognised, what is in it, and what is set otherwise on it. */
export interface ServerType {
  readonly name: string;
  /** What people call it; null: by its name. */
  readonly displayName: string | null;
  /** Whether it has one, or which; empty: none. */
  readonly gpu: string;
  /** The file and the place in it where it is described. */
  readonly file: string;
  readonly path: string;
  /** Globs for what its firmware calls it (SMBIOS, system product name). */
  readonly products: readonly string[];
  /** How the addresses of its NICs begin: `1c:69:7a`. */
  readonly macPrefixes: readonly string[];
  readonly hardware: Hardware;
  readonly settings: SettingsTable;
}

/** What a server type says about the machine's inside; every kind of profile says it in its own words. */
export interface Hardware {
  /** null: as the profile says. */
  readonly bootDisk: BootDisk | null;
  readonly managementNic: ManagementNic | null;
}

/** Each a glob. At least one is given. */
export interface BootDisk {
  readonly serial?: string | undefined;
  readonly model?: string | undefined;
  /** `/dev/nvme0n1`, or one of the lasting names below `/dev/disk`. */
  readonly path?: string | undefined;
  readonly size?: "smallest" | "largest" | undefined;
  readonly min_gb?: number | undefined;
  readonly max_gb?: number | undefined;
}

/** Each a glob. Exactly one is given. */
export interface ManagementNic {
  readonly name?: string | undefined;
  readonly driver?: string | undefined;
  readonly path?: string | undefined;
}

/** What is known of a machine whose type is asked for. */
export interface TypeClues {
  /** By hand; null: nobody said it. */
  readonly assigned: string | null;
  /** SMBIOS, system product name. */
  readonly product: string | null;
  readonly macs: readonly MacAddress[];
}

/**
 * The type of a machine: the one it was given by hand; else the first whose product names fit; else the one with the
 * longest fitting beginning of a MAC address. null: it is none of these.
 */
export function serverTypeOf(types: readonly ServerType[], { assigned, product, macs }: TypeClues): ServerType | null {
  if (assigned !== null) return types.find(({ name }) => name === assigned) ?? null;
  const byProduct =
    product === null ? undefined : types.find(({ products }) => products.some((one) => fits(one, product)));
  return byProduct ?? typeByMac(types, macs);
}

/** All that can be told before an installer runs there. */
export function typeByMac(types: readonly ServerType[], macs: readonly MacAddress[]): ServerType | null {
  let best: ServerType | null = null;
  let longest = 0;
  for (const type of types) {
    for (const prefix of type.macPrefixes) {
      if (prefix.length <= longest || !macs.some((mac) => mac.startsWith(prefix))) continue;
      best = type;
      longest = prefix.length;
    }
  }
  return best;
}

/** Letter case does not count: vendors are not consistent in it. */
function fits(glob: string, text: string): boolean {
  const pattern = glob.replaceAll(/[.*+?^${}()|[\]\\]/g, (sign) =>
    sign === "*" ? ".*" : sign === "?" ? "." : `\\${sign}`,
  );
  return new RegExp(`^${pattern}$`, "i").test(text.trim());
}
