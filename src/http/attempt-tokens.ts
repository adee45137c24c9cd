import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { AttemptToken, Host } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";

/** 192 bits, as text that stands in an URL as it is. */
export function newAttemptToken(): AttemptToken {
  return randomBytes(24).toString("base64url") as AttemptToken;
}

/** Compares digests, so that the time it takes tells a stranger nothing about how far he guessed right. */
export function findHostByToken(state: QueueState, token: string): Host | undefined {
  const wanted = digest(token);
  return state.hosts.find((host) => host.attempt !== null && timingSafeEqual(digestOf(host.attempt), wanted));
}

/** One digest for each attempt, and not for each of them with every request. */
function digestOf(attempt: NonNullable<Host["attempt"]>): Buffer {
  const known = DIGESTS.get(attempt);
  if (known !== undefined) return known;
  const fresh = digest(attempt.token);
  DIGESTS.set(attempt, fresh);
  return fresh;
}

/** What it holds follows from its keys. */
const DIGESTS = new WeakMap<NonNullable<Host["attempt"]>, Buffer>();

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
