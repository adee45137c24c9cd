import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, type Instant, later } from "../std/clock.ts";

/** Where the operator token's SHA-256 survives. The token itself is shown once and never kept. */
export interface OperatorTokenStore {
  /** Hexadecimal; null: no token was issued yet. */
  readonly sha256: string | null;
  /** Resolves when it is on disk. */
  replace(sha256: string): Promise<void>;
}

/** What became of a token somebody showed. */
export type TokenCheck =
  | { readonly type: "accepted" }
  | { readonly type: "wrong" }
  /** Too many wrong ones lately: this one was not looked at. */
  | { readonly type: "too-many"; readonly retryAfterSeconds: number };

/** Who may change things from the network: the bearer of the operator token, and the browsers that logged in with it. */
export class Sessions {
  readonly #store: OperatorTokenStore;
  readonly #clock: Clock;
  /** By the SHA-256 of the cookie, so that a picture of our memory opens nothing. */
  readonly #open = new Map<string, { readonly until: Instant; idleUntil: Instant }>();
  readonly #failures = new Map<string, { count: number; readonly until: Instant }>();

  constructor(store: OperatorTokenStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A new operator token. The one before is void, and everybody who logged in with it is logged out. */
  async issueToken(): Promise<string> {
    const token = `bq_${randomBytes(32).toString("base64url")}`;
    await this.#store.replace(sha256(token));
    this.#open.clear();
    return token;
  }

  /** Looks at a token that came from the address `from`. */
  check(token: string, from: string): TokenCheck {
    const now = this.#clock.now();
    const failures = this.#failures.get(from);
    if (failures && failures.until > now && failures.count >= FAILURES_MAX) {
      return { type: "too-many", retryAfterSeconds: Math.ceil((failures.until - now) / 1000) };
    }
    if (this.#store.sha256 !== null && isSame(sha256(token), this.#store.sha256)) return { type: "accepted" };
    this.#noteFailure(from, now);
    return { type: "wrong" };
  }

  /** A new session; the answer is the cookie's value. Call it only after `check` has accepted. */
  open(): string {
    const now = this.#clock.now();
    for (const [id, session] of this.#open) if (isOver(session, now)) this.#open.delete(id);
    const oldest = this.#open.keys().next();
    if (this.#open.size >= SESSIONS_MAX && !oldest.done) this.#open.delete(oldest.value);
    const cookie = randomBytes(32).toString("base64url");
    this.#open.set(sha256(cookie), { until: later(now, LIFE_MS), idleUntil: later(now, IDLE_MS) });
    return cookie;
  }

  /** true: the cookie belongs to an open session, which lives on from here. */
  isOpen(cookie: string): boolean {
    const now = this.#clock.now();
    const id = sha256(cookie);
    const session = this.#open.get(id);
    if (!session) return false;
    if (isOver(session, now)) {
      this.#open.delete(id);
      return false;
    }
    session.idleUntil = later(now, IDLE_MS);
    return true;
  }

  close(cookie: string): void {
    this.#open.delete(sha256(cookie));
  }

  #noteFailure(from: string, now: Instant): void {
    for (const [address, failures] of this.#failures) if (failures.until <= now) this.#failures.delete(address);
    const known = this.#failures.get(from);
    if (known) known.count += 1;
    // Somebody with that many addresses is no typo; the token has 256 bits, so forgetting him costs nothing.
    else if (this.#failures.size < ADDRESSES_MAX) {
      this.#failures.set(from, { count: 1, until: later(now, FAILURE_WINDOW_MS) });
    }
  }
}

const IDLE_MS = 12 * 3_600_000;
/** However busy it is. Also the cookie's Max-Age. */
export const LIFE_MS = 7 * 24 * 3_600_000;
const SESSIONS_MAX = 100;
const FAILURES_MAX = 10;
const FAILURE_WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

function isOver(session: { readonly until: Instant; readonly idleUntil: Instant }, now: Instant): boolean {
  return session.until <= now || session.idleUntil <= now;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
