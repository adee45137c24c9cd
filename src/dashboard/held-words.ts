import { type IdentityHold, identityWords } from "../queue/identity.ts";

/** Of a host that is served nothing because another machine asks in its name. */
export function heldWords(hold: IdentityHold): string {
  return `Held for approval: ${identityWords(hold)}. Nothing is served to it until it is approved.`;
}
