import { isAtLeast, NEWEST, type Release } from "./proxmox-release.ts";

/** What the installer installs, as it calls it. All four share one installer. */
export type Product = keyof typeof PRODUCTS;

export const PRODUCTS = {
  pve: "Proxmox VE",
  pbs: "Proxmox Backup Server",
  pmg: "Proxmox Mail Gateway",
  pdm: "Proxmox Datacenter Manager",
} as const;

export const PRODUCT_NAMES = Object.keys(PRODUCTS) as [Product, ...Product[]];

/** null: none that we know. */
export function parseProduct(text: string | null): Product | null {
  const lower = text?.trim().toLowerCase() ?? "";
  return Object.hasOwn(PRODUCTS, lower) ? (lower as Product) : null;
}

/**
 * Which release of Proxmox VE has the same installer as this release of `product`: the form of the answer file goes by
 * it. The products are released on days of their own, so where two installers come into question it is the older one,
 * whose form the newer one reads too.
 */
export function installerOf(product: Product, release: Release): Release {
  switch (product) {
    case "pve":
      return release;
    case "pbs":
      // Backup Server 3.2 came with 8.2, 3.4 with 8.4, and 4.0 with 9.0.
      return { major: release.major + 5, minor: release.minor };
    case "pmg":
      // Mail Gateway 8.2 came half a year after 8.3.
      return release.major === 8 && release.minor === 2 ? { major: 8, minor: 3 } : release;
    case "pdm":
      if (!isAtLeast(release, { major: 1, minor: 0 })) return { major: 9, minor: 0 };
      return isAtLeast(release, { major: 1, minor: 2 }) ? { major: 9, minor: 2 } : { major: 9, minor: 1 };
  }
}

/** Where the installed system answers by TCP: with its web interface. */
export const WEB_PORTS: Readonly<Record<Product, number>> = { pve: 8006, pbs: 8007, pmg: 8006, pdm: 8443 };

/** The newest release of each whose answer file is known; a newer ISO is served the same. */
export const NEWEST_OF: Readonly<Record<Product, Release>> = {
  pve: NEWEST,
  pbs: { major: 4, minor: 2 },
  pmg: { major: 9, minor: 2 },
  pdm: { major: 1, minor: 2 },
};
