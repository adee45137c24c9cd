import type { MacAddress } from "../net/mac-address.ts";
import type { Instant } from "../std/clock.ts";
import type { Stage } from "./stage.ts";

/** One thing that a host did, or that was done or not done for it, and why. */
export interface Footprint {
  readonly at: Instant;
  /** null: nobody can say whose it was, as with an unreadable datagram. */
  readonly mac: MacAddress | null;
  /** Which road: what protocol it was, or that the queue moved. */
  readonly road: "dhcp" | "tftp" | "http" | "queue" | "operator" | "daemon";
  /** `answered`: we sent what was asked for. `dropped`: we stayed silent or refused. `noted`: nobody expects an answer. */
  readonly outcome: "answered" | "dropped" | "noted";
  /** What happened, in a few words: `OFFER 10.11.0.2, snponly.efi`. */
  readonly what: string;
  /** Why, in words for an operator; empty where `what` says it all. */
  readonly why: string;
  /** How far on its road this shows the host to be; null, or left out: it says nothing about that. */
  readonly stage?: Stage | null;
  /** For machines: `xid`, `file`, `client`; never a token, a password or a key. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
}

/** What the other rooms need of the trace. */
export interface Tracer {
  /** Never throws, never waits. */
  note(footprint: Omit<Footprint, "at">): void;
}
