import { createHash, randomFillSync, timingSafeEqual } from "node:crypto";
import type { AttemptToken, Host } from "../queue/host.ts";
import type { QueueState } from "../queue/state.ts";

/** 192 bits, as text that stands in an URL as it is. */
export function newAttemptToken(): AttemptToken {
  if (randomAt === random.length) {
    randomFillSync(random);
    randomAt = 0;
  }
  const octets = random.subarray(randomAt, randomAt + TOKEN_OCTETS);
  randomAt += TOKEN_OCTETS;
  const token = octets.toString("base64url") as AttemptToken;
  // Nobody who reads our memory later learns it from here.
  octets.fill(0);
  return token;
}

const TOKEN_OCTETS = 24;
/** For many tokens: asking the system for each would cost as much as answering its machine. */
const random = Buffer.alloc(TOKEN_OCTETS * 128);
let randomAt = random.length;

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
