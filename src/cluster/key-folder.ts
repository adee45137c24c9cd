import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeSecretFile } from "../std/secret-file.ts";
import type { EphemeralKey } from "./ephemeral-key.ts";

/** The key of one install, and where its public half may be. One file each, which only root may read. */
export interface KeptKey extends EphemeralKey {
  readonly host: string;
  /** See `attemptTag`. */
  readonly attempt: string;
  /** What people call the host. */
  readonly name: string;
  readonly cluster: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Nodes whose `authorized_keys` may hold it. Empty: it never left us. */
  readonly places: readonly KeyPlace[];
  /** Lines that members were given for the time of this join only: the root key of the host that joins. */
  readonly guests: readonly string[];
  readonly removal: KeyRemoval | null;
}

export interface KeyPlace {
  readonly address: string;
  readonly hostKeys: readonly string[];
  /** It is a member of the cluster, all of which share one `authorized_keys`. */
  readonly shared: boolean;
}

/** Attempts to remove it. null in `KeptKey`: none was made. */
export interface KeyRemoval {
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly why: string;
}

/** Names one install without giving its token away. */
export function attemptTag(token: string): string {
  return createHash("sha256").update(`bootqueue attempt ${token}`).digest("hex").slice(0, 16);
}

/** Private halves live here and nowhere else. */
export class KeyFolder {
  readonly #folder: string;
  readonly #keys = new Map<string, KeptKey>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what is there. A file that cannot be read is removed: a key that nobody can use must not lie about. */
  static async open(folder: string): Promise<KeyFolder> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const keys = new KeyFolder(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const key = name.endsWith(".json") ? parseKey(await readFile(path, "utf8")) : null;
      if (key === null || fileOf(key) !== name) await rm(path, { force: true, recursive: true });
      else keys.#keys.set(name, key);
    }
    return keys;
  }

  all(): readonly KeptKey[] {
    return [...this.#keys.values()];
  }

  find(host: string, attempt: string): KeptKey | null {
    return this.#keys.get(fileOf({ host, attempt })) ?? null;
  }

  /** The key of this install; made if there is none. Resolves when it is on disk. */
  ensure(owner: Pick<KeptKey, "host" | "attempt" | "name" | "cluster">, madeAt: number): Promise<KeptKey> {
    return this.#inTurn(async () => {
      const known = this.find(owner.host, owner.attempt);
      if (known !== null) return known;
      // It brings a library with it that is not needed before the first rebuild of a cluster's node.
      const { newEphemeralKey } = await import("./ephemeral-key.ts");
      const pair = newEphemeralKey(`bootqueue-${owner.name}-${owner.attempt}`);
      return await this.#write({ ...owner, ...pair, madeAt, places: [], guests: [], removal: null });
    });
  }

  /** Writes down, before it happens, that the public half gets to this node. */
  addPlace(key: Pick<KeptKey, "host" | "attempt">, place: KeyPlace): Promise<void> {
    return this.#change(key, (kept) => ({
      ...kept,
      places: [...kept.places.filter(({ address }) => address !== place.address), place],
    }));
  }

  /** Some of its places are none any more. */
  setPlaces(key: Pick<KeptKey, "host" | "attempt">, places: readonly KeyPlace[]): Promise<void> {
    return this.#change(key, (kept) => ({ ...kept, places }));
  }

  /** Nobody can log in with it any more; its public half may still stand somewhere, which is all that is kept. */
  destroy(key: Pick<KeptKey, "host" | "attempt">): Promise<void> {
    return this.#change(key, (kept) => ({ ...kept, privateKey: "" }));
  }

  /** Writes down, before it happens, what members are given for the time of the join; empty: that is over. */
  setGuests(key: Pick<KeptKey, "host" | "attempt">, guests: readonly string[]): Promise<void> {
    return this.#change(key, (kept) => ({ ...kept, guests }));
  }

  /** `removal` null: it is needed again. */
  setRemoval(key: Pick<KeptKey, "host" | "attempt">, removal: KeyRemoval | null): Promise<void> {
    return this.#change(key, (kept) => ({ ...kept, removal }));
  }

  /** Resolves when a power cut can no longer bring it back. */
  remove(key: Pick<KeptKey, "host" | "attempt">): Promise<void> {
    return this.#inTurn(async () => {
      const name = fileOf(key);
      await rm(join(this.#folder, name), { force: true });
      const folder = await open(this.#folder, "r");
      await folder.sync().finally(() => folder.close());
      this.#keys.delete(name);
    });
  }

  #change(key: Pick<KeptKey, "host" | "attempt">, change: (kept: KeptKey) => KeptKey): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.find(key.host, key.attempt);
      if (kept !== null) await this.#write(change(kept));
    });
  }

  async #write(key: KeptKey): Promise<KeptKey> {
    await writeSecretFile(join(this.#folder, fileOf(key)), `${JSON.stringify(key, null, 2)}\n`);
    this.#keys.set(fileOf(key), key);
    return key;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function fileOf({ host, attempt }: Pick<KeptKey, "host" | "attempt">): string {
  return `${host}.${attempt}.json`;
}

function parseKey(text: string): KeptKey | null {
  try {
    const key = JSON.parse(text) as KeptKey;
    const texts = [key.host, key.attempt, key.name, key.cluster, key.publicKey, key.privateKey];
    return texts.every((each) => typeof each === "string") && Array.isArray(key.places) && Array.isArray(key.guests)
      ? key
      : null;
  } catch {
    return null;
  }
}
