import { prefixLength, subnetMask } from "../net/ipv4-address.ts";
import { formatMacHyphens } from "../net/mac-address.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import type { BootImage } from "./boot-image.ts";
import type { InstallTarget, Links } from "./kind.ts";

interface Placeholder {
  /** For people, after the name and a colon. */
  readonly means: string;
  value(given: Given): string;
}

interface Given {
  readonly target: InstallTarget;
  readonly links: Links;
  /** null: the profile names none, or there is none. */
  readonly image: BootImage | null;
}

/** What may stand in braces in kernel arguments. All of it is made of letters, digits and `. : / - _`. */
export const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  hostname: { means: "the slot's host name", value: ({ target }) => target.hostname },
  domain: { means: "the domain", value: ({ target }) => target.domain },
  fqdn: { means: "host name and domain", value: ({ target }) => `${target.hostname}.${target.domain}` },
  address: { means: "the slot's address", value: ({ target }) => target.address },
  prefix: { means: "length of the network's prefix: `22`", value: ({ target }) => String(prefixLength(target.subnet)) },
  netmask: { means: "its mask: `255.255.252.0`", value: ({ target }) => subnetMask(target.subnet) },
  router: { means: "the default router", value: ({ target }) => target.router },
  dns: { means: "the first name server", value: ({ target }) => target.domainNameServers[0] ?? target.router },
  mac: { means: "the NIC that booted: `52:54:00:ab:cd:ef`", value: ({ target }) => target.bootMac },
  mac_hyphens: { means: "the same with hyphens", value: ({ target }) => formatMacHyphens(target.bootMac) },
  assets: { means: "where assets are, with a slash at the end", value: ({ links }) => links.asset("") },
  iso: { means: "the image's ISO", value: ({ image }) => image?.extras.iso ?? "" },
  tree: { means: "the image's tree with `.treeinfo`", value: ({ image }) => image?.extras.tree ?? "" },
  modloop: { means: "the image's kernel modules", value: ({ image }) => image?.extras.modloop ?? "" },
  installed: { means: "GET or POST: the system is installed", value: ({ links }) => links.plain.installed },
  failed: { means: "GET or POST: it has failed; `reason` tells why", value: ({ links }) => links.plain.failed },
  progress: { means: "POST: what it is doing", value: ({ links }) => links.plain.progress },
  phone_home: { means: "POST: the installed system runs", value: ({ links }) => links.phoneHome },
};

/** All of them for the reference. */
export function placeholderWords(): string {
  return Object.entries(PLACEHOLDERS)
    .map(([name, { means }]) => `\`{${name}}\` (${means})`)
    .join(", ");
}

const OF_IMAGE: ReadonlySet<string> = new Set(["iso", "tree", "modloop"]);

/** Every placeholder replaced. The text must have passed `placeholderProblems`. */
export function filledIn(text: string, given: Given): string {
  return text.replaceAll(BRACES, (whole, name: string) => PLACEHOLDERS[name]?.value(given) ?? whole);
}

/** Names that nobody knows, braces that do not close, and what only an image has. */
export function placeholderProblems(path: string, text: string, hasImage: boolean): Problem[] {
  const problems: Problem[] = [];
  const names = Object.keys(PLACEHOLDERS);
  for (const [, name = ""] of text.matchAll(BRACES)) {
    if (!Object.hasOwn(PLACEHOLDERS, name)) {
      const near = nearest(name, names);
      const hint =
        near === null ? `known are ${names.map((each) => `{${each}}`).join(" ")}` : `did you mean {${near}}?`;
      problems.push({ path, message: `unknown placeholder {${name}}; ${hint}` });
    } else if (OF_IMAGE.has(name) && !hasImage) {
      problems.push({ path, message: `expected an image to go with {${name}}, found none: set image` });
    }
  }
  if (/[{}]/.test(text.replaceAll(BRACES, "")))
    problems.push({ path, message: "expected braces in pairs, such as {hostname}, found a single one" });
  return problems;
}

const BRACES = /\{([^{}]*)\}/g;
