import { readFileSync } from "node:fs";

/** Reads annotated hex: octets separated by blanks, `00*64` for a run, `#` begins a note. */
export function readHexPacket(url: URL): Uint8Array {
  const octets: number[] = [];
  for (const line of readFileSync(url, "utf8").split("\n")) {
    for (const word of line.replace(/#.*/, "").split(/\s+/).filter(Boolean)) {
      const [, octet, count] = /^([0-9a-f]{2})(?:\*(\d+))?$/.exec(word) ?? [];
      if (octet === undefined) throw new Error(`${url.pathname}: expected an octet like 0a or 00*64, found "${word}"`);
      for (let i = 0; i < Number(count ?? 1); i++) octets.push(Number.parseInt(octet, 16));
    }
  }
  return Uint8Array.from(octets);
}
