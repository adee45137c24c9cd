import type { IsoContent } from "../../src/images/iso-content.ts";

/** What is in an ISO: sizes in octets by path, and the text of marks. */
export function isoContent(
  files: Readonly<Record<string, number>>,
  marks: Readonly<Record<string, string>> = {},
  changes: Partial<IsoContent> = {},
): IsoContent {
  const all = { ...files, ...Object.fromEntries(Object.entries(marks).map(([path, text]) => [path, text.length])) };
  return {
    volumeId: "VOLUME",
    sizeBytes: Object.values(all).reduce((sum, size) => sum + size, 1_000_000),
    files: new Map(Object.entries(all).map(([path, sizeBytes]) => [path, { sizeBytes, offsetBytes: 0 }])),
    marks: new Map(Object.entries(marks)),
    ...changes,
  };
}

/** `/.cd-info` as the ISOs of Proxmox have it. */
export function proxmoxInfo(product: string, release: string, issue = "1"): string {
  return `PRODUCT='${product}'\nPRODUCTLONG='Proxmox'\nRELEASE='${release}'\nISORELEASE='${issue}'\nISONAME='proxmox-${product}'\n`;
}
