import type { Host } from "../queue/host.ts";
import type { Slot } from "../queue/slot.ts";
import { type QueueState, slotOf } from "../queue/state.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html } from "./html.ts";

/** What people call the host: the hostname of its slot, or the address of the NIC it boots from. */
export function nameOfHost(state: QueueState, host: Host): string {
  return foreignText(slotOf(state, host)?.hostname ?? host.bootMac, 100);
}

export function hostPath(host: Host): string {
  return `/hosts/${encodeURIComponent(host.id)}`;
}

export function slotPath(slot: Slot): string {
  return `/slots/${encodeURIComponent(slot.id)}`;
}

export function hostLink(state: QueueState, host: Host, id: string): Html {
  return html`<a id="${id}" href="${hostPath(host)}"><bdi>${nameOfHost(state, host)}</bdi></a>`;
}

/** `1 machine`, `3 machines`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A sentence in which what stands between backquotes is something to type. */
export function withCode(text: string, max?: number): Html {
  const pieces = foreignText(text, max).split("`");
  // An odd number of backquotes: the last one opens nothing.
  const closed = pieces.length % 2 === 1 ? pieces.length : pieces.length - 1;
  return html`${pieces.map((piece, i) => (i >= closed ? `\`${piece}` : i % 2 === 1 ? html`<code>${piece}</code>` : piece))}`;
}

/** Text from a host with the secret of its install taken out, should another room have let it through. */
export function concealToken(host: Host | undefined, text: string): string {
  const token = host?.attempt?.token;
  return token ? text.replaceAll(token, "•••") : text;
}
