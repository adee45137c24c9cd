import { textAt, valueAt } from "./redfish-json.ts";

/**
 * What is tried first at a BMC of this make. Everything else is tried after it, and what worked is remembered, so a
 * make that is missing here, or a firmware that changed its mind, costs some requests and nothing else.
 */
export interface VendorHabits {
  readonly vendor: string;
  /**
   * What a one-time boot carries. `full`: enabled, target and mode. `minimal`: no mode. `mode-if-other`: the mode only
   * where it is to change.
   */
  readonly bootRequest: BootRequest;
}

export type BootRequest = "full" | "minimal" | "mode-if-other";

interface VendorEntry extends VendorHabits {
  readonly pattern: RegExp;
}

/** Field notes of others (see `docs/how-to/power-control.md`); none of these makes was at hand. */
export const VENDORS: readonly VendorEntry[] = [
  // Without the mode it falls back to Legacy.
  { vendor: "Supermicro", pattern: /super\s*micro/i, bootRequest: "full" },
  // A mode that is sent while it changes anyway breaks the change.
  { vendor: "Dell", pattern: /dell|idrac/i, bootRequest: "mode-if-other" },
  // The mode is read-only, and a request that names it fails as a whole.
  { vendor: "HPE", pattern: /\bhpe?\b|hewlett|\bilo\b/i, bootRequest: "minimal" },
  { vendor: "Lenovo", pattern: /lenovo/i, bootRequest: "full" },
  // Takes whole changes only, at /SD, and they count at the next reset.
  {
    vendor: "AMI",
    pattern: /\bami\b|american megatrends|asrock|gigabyte|asus|redfish_compatible/i,
    bootRequest: "full",
  },
];

const OTHERS: VendorHabits = { vendor: "unknown", bootRequest: "full" };

/** By the service root and the system. */
export function vendorHabits(root: unknown, system: unknown): VendorHabits {
  const oem = valueAt(root, "Oem");
  const signs = [
    textAt(root, "Vendor"),
    textAt(root, "Product"),
    ...(typeof oem === "object" && oem !== null ? Object.keys(oem) : []),
    textAt(system, "Manufacturer"),
  ].filter((sign) => sign !== null);
  return VENDORS.find(({ pattern }) => signs.some((sign) => pattern.test(sign))) ?? OTHERS;
}
