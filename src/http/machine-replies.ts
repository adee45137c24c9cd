import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type BootTurnParts, whyNotItsAddress } from "../boot/boot-turn.ts";
import { hasOnlyOurAddresses } from "../boot/dhcp-mode.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { Host, HostId } from "../queue/host.ts";
import { identityWords } from "../queue/identity.ts";
import { REFUSALS, type Refusal } from "../queue/refusal.ts";
import { findHost, type QueueState, slotOf } from "../queue/state.ts";
import { formatProblem, type Problem } from "../std/problem.ts";
import type { Tracer } from "../trace/footprint.ts";
import type { Stage } from "../trace/stage.ts";

/** What every route for machines works with. */
export interface MachineAppParts extends BootTurnParts {
  readonly tracer: Tracer;
  /** Who sent the request; null: unknown, as over a socket without addresses. */
  readonly remoteAddress: (context: Context) => Ipv4Address | null;
  readonly provisioned: "ignore" | "local-boot";
  /** Keys with which installed systems let us in, to join them to a cluster. Absent: nobody joins any. */
  readonly joinKeys?: JoinKeys;
}

export interface JoinKeys {
  /** The public half for this host's answer file; null: it joins no cluster. */
  publicKeyFor(host: Host): Promise<string | null>;
  /** To be told before the answer leaves. */
  leaves(host: Host): Promise<void>;
}

/** What a machine comes for, and where on its road that shows it to be: when it gets it, and when it does not. */
const ERRANDS = {
  "boot script": { answered: "script-sent", refused: "script-refused" },
  menu: { answered: "menu-sent", refused: "script-refused" },
  "own disk": { answered: "sent-to-disk", refused: "script-refused" },
  answer: { answered: "answer-sent", refused: "answer-refused" },
  // The installer asks for the decisive one next.
  "part of an answer": { answered: null, refused: "answer-refused" },
  // Its end, or its failure, is another errand.
  progress: { answered: "installer-told", refused: null },
  report: { answered: "reported", refused: "report-refused" },
  "first boot": { answered: "first-boot", refused: "first-boot-refused" },
  unknown: { answered: null, refused: null },
} as const satisfies Record<string, { readonly answered: Stage | null; readonly refused: Stage | null }>;

export type Errand = keyof typeof ERRANDS;

/** Footprints of one host on the HTTP road. */
export function notes(parts: MachineAppParts, mac: MacAddress | null, errand: Errand) {
  const stage = ERRANDS[errand];
  return {
    answered(what: string, why: string): void {
      parts.tracer.note({ mac, road: "http", outcome: "answered", what, why, stage: stage.answered });
    },
    refused(c: Context, status: ContentfulStatusCode, what: string, why: string): Response {
      const from = parts.remoteAddress(c) ?? "unknown";
      parts.tracer.note({
        mac,
        road: "http",
        outcome: "dropped",
        what: `${what} refused`,
        why,
        stage: stage.refused,
        fields: { status, from },
      });
      return c.text(`${why}\n`, status);
    },
  };
}

/** null: nothing speaks against it. Where another server gives the addresses, the token and the hardware address decide. */
export function whyNotFor(parts: MachineAppParts, c: Context, host: Host): string | null {
  if (!hasOnlyOurAddresses(host, parts.mode)) return null;
  return whyNotItsAddress(parts.queue.state, host, parts.remoteAddress(c));
}

export function statusOf(reason: Refusal): ContentfulStatusCode {
  if (reason === "unknown-host" || reason === "wrong-token") return 404;
  // The machine is the wrong one; else it is the right one at the wrong time.
  const isStranger = reason === "identity-conflict" || reason === "held-for-approval" || reason === "wrong-board";
  return isStranger ? 403 : 409;
}

/** Why it gets no answer file, with what is particular to this host, as the installer shows it on the machine's screen. */
export function whyNoAnswer(state: QueueState, id: HostId, reason: Refusal): string {
  const host = findHost(state, id);
  const slot = host && slotOf(state, host);
  const name = slot?.hostname ?? id;
  if (reason === "held-for-approval" && host?.hold != null) {
    return `this is not the machine that was known as ${name}: ${identityWords(host.hold)}; nothing is wiped until \`bootqueue approve ${name}\``;
  }
  if (reason === "wrong-board" && slot !== undefined) {
    return `${REFUSALS[reason]} (${name} is for ${slot.boardSerial})`;
  }
  return REFUSALS[reason];
}

export function listed(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join("; ");
}

/**
 * What the request tells: its JSON, the fields of a form, or those of the query; null: none of them can be read.
 * A field that is there several times is a list.
 */
export async function bodyOf(c: Context): Promise<unknown> {
  const text = c.req.method === "POST" ? await c.req.text() : "";
  if (text === "") {
    const { searchParams } = new URL(c.req.url);
    return searchParams.size === 0 ? null : fieldsOf(searchParams);
  }
  if (!/^\s*[{[]/.test(text) && /^application\/x-www-form-urlencoded\b/i.test(c.req.header("content-type") ?? "")) {
    return fieldsOf(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldsOf(form: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? "")];
    }),
  );
}
