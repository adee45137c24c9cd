import { recogniseAlpine } from "./alpine-iso.ts";
import { recogniseAnaconda } from "./anaconda-iso.ts";
import { recogniseDebian } from "./debian-iso.ts";
import type { IsoContent, Recognised, Recogniser, Unusable } from "./iso-content.ts";
import { recogniseOther } from "./other-iso.ts";
import { recogniseProxmox } from "./proxmox-iso.ts";
import { recogniseUbuntu } from "./ubuntu-iso.ts";

/** Every product that is known, in the order in which they are tried. A new one is a file and a line here. */
const RECOGNISERS: readonly Recogniser[] = [
  recogniseProxmox,
  recogniseUbuntu,
  recogniseDebian,
  recogniseAnaconda,
  recogniseAlpine,
];

/** What this ISO is, and what becomes of it. */
export function recognise(iso: IsoContent): Recognised | Unusable {
  for (const recogniser of RECOGNISERS) {
    const found = recogniser(iso);
    if (found !== null) return found;
  }
  return recogniseOther(iso);
}
