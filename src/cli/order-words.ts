import type { HostDetailView } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { identityFacts, inventoryFacts } from "./host-detail.ts";
import { renderFacts } from "./table.ts";
import { ago } from "./words.ts";

export function hostPath(host: HostDetailView, verb: string): string {
  // By its id, so that what was shown and asked about is what the order is for.
  return `/api/hosts/${encodeURIComponent(host.id)}/${verb}`;
}

/** Exactly which machine it is about, and what is in it. */
export function hostWords(context: CliContext, host: HostDetailView, intro: string): string {
  const known = host.inventory === null ? [] : inventoryFacts(host.inventory);
  const facts = [
    ...identityFacts(host),
    ["state", `${host.state} for ${ago(host.since, context.io.now())}`] as const,
    ...known.filter(([name]) => ["machine", "serial", "disks", "system"].includes(name)),
    ...(host.inventory === null ? [["disks", "unknown: no install has reported from it"] as const] : []),
  ];
  return `${intro}\n\n${renderFacts(facts, "  ")}\n`;
}
