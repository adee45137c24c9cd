import type { Clock } from "../std/clock.ts";
import type { Log } from "../std/log.ts";
import type { KeptKey, KeyFolder } from "./key-folder.ts";
import { releaseKey } from "./key-release.ts";
import { describeNodeError, type OpenNode, type ProxmoxNode } from "./node.ts";
import type { SshLogin } from "./ssh.ts";

const MINUTE_MS = 60_000;
const REFUSALS_ENOUGH = 4;
const PAUSE_MS_MAX = 60 * MINUTE_MS;
/** Then the private half is destroyed, and people are told where the public one may be. */
const GIVE_UP_MS = 24 * 60 * MINUTE_MS;
/** And after this, nobody is told any more. */
const FORGET_MS = 30 * 24 * 60 * MINUTE_MS;

export interface JanitorParts {
  readonly keys: KeyFolder;
  readonly openNode: OpenNode;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the install that it was made for still needs it. */
  readonly isNeeded: (key: KeptKey) => boolean;
  /** Whether its host was installed anew since, so that nothing of that install is left on it. */
  readonly isWiped: (key: KeptKey) => boolean;
  /** Keys that still need members of this cluster to let them in. */
  readonly heirsOf: (key: KeptKey) => readonly KeptKey[];
  /** Other ways into the members of its cluster. */
  readonly loginsOf: (key: KeptKey) => Promise<readonly SshLogin[]>;
}

/** Removes keys whose install has ended, or was cut short by a crash, from wherever they may be. */
export class KeyJanitor {
  readonly #parts: JanitorParts;
  #sweeping: Promise<void> | null = null;

  constructor(parts: JanitorParts) {
    this.#parts = parts;
  }

  /** Tries every key whose turn it is, once. A second call while one runs waits for that one. */
  sweep(signal: AbortSignal): Promise<void> {
    this.#sweeping ??= this.#sweepAll(signal).finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  /** Nodes that may still hold a key, for people. */
  warnings(): readonly string[] {
    return this.#parts.keys.all().flatMap(({ name, places, removal, privateKey }) => {
      if (removal === null || places.length === 0) return [];
      const where = places.map(({ address }) => address).join(", ");
      const key = `the ephemeral key of ${name} may still be in /root/.ssh/authorized_keys of ${where}`;
      return privateKey === ""
        ? [`${key}; its private half is destroyed. Remove the line that ends with bootqueue-${name}-… by hand`]
        : [`${key} (${removal.why}); it is tried again`];
    });
  }

  async #sweepAll(signal: AbortSignal): Promise<void> {
    const { keys, clock, isNeeded, log } = this.#parts;
    for (const key of keys.all()) {
      if (signal.aborted) return;
      if (isNeeded(key)) {
        if (key.removal !== null) await keys.setRemoval(key, null);
        continue;
      }
      if (!isDue(key, clock.now())) continue;
      const why = await this.#remove(key, signal);
      if (signal.aborted) return;
      if (why === null) {
        log.info("ephemeral key removed", { host: key.host });
        continue;
      }
      const now = clock.now();
      const { tries, firstAt } = key.removal ?? { tries: 0, firstAt: now };
      if (now - firstAt >= FORGET_MS) {
        await keys.remove(key);
        continue;
      }
      await keys.setRemoval(key, { tries: tries + 1, firstAt, lastAt: now, why });
      if (now - firstAt >= GIVE_UP_MS && key.privateKey !== "") {
        await keys.destroy(key);
        log.warn("an ephemeral key could not be removed from its host; its private half is destroyed", {
          host: key.host,
          why,
        });
      }
    }
  }

  /** null: it is gone. */
  async #remove(key: KeptKey, signal: AbortSignal): Promise<string | null> {
    const { keys, isWiped, loginsOf, heirsOf, openNode } = this.#parts;
    const places = isWiped(key) ? key.places.filter(({ shared }) => shared) : key.places;
    const own: SshLogin[] = key.privateKey === "" ? [] : [{ type: "key", privateKey: key.privateKey }];
    const logins = [...own, ...(places.length === 0 ? [] : await loginsOf(key))];
    const nodes: ProxmoxNode[] = [];
    const reasons: string[] = [];
    const refusing = new Set<string>();
    for (const place of places) {
      if (place.hostKeys.length === 0) {
        reasons.push(
          `${place.address} never reported its SSH host keys, so nobody can tell whether it is the right one`,
        );
        continue;
      }
      for (const login of logins) {
        const opened = await openNode(place, login, signal);
        if (opened.ok) {
          nodes.push(opened.value);
          break;
        }
        reasons.push(describeNodeError(opened.error, place.address));
        if (opened.error.type === "login-refused" && login === own[0]) refusing.add(place.address);
      }
    }
    // The right machine has refused the key for a while, and not only because its services were not up yet: it is gone.
    const isSettled = (key.removal?.tries ?? 0) >= REFUSALS_ENOUGH;
    const remaining = places.filter(({ address }) => !isSettled || !refusing.has(address));
    if (remaining.length < key.places.length) await keys.setPlaces(key, remaining);
    const left = await releaseKey(keys, key, heirsOf(key), nodes);
    for (const node of nodes) node.close();
    return left === null ? null : [...new Set([...reasons, left])].join("; ").slice(0, 500);
  }
}

/** After 1, 2, 4 … 60 minutes. */
function isDue({ removal }: KeptKey, now: number): boolean {
  if (removal === null) return true;
  const pauseMs = Math.min(2 ** Math.min(removal.tries - 1, 10) * MINUTE_MS, PAUSE_MS_MAX);
  return now - removal.lastAt >= pauseMs;
}
