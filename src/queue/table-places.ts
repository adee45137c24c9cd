import { CHUNK } from "./table-chunk.ts";

/**
 * Which chunks each key was seen in. Only ever added to, so it is right for every table that shares it. Of a key that was
 * seen in one chunk alone the row is known too, as a guess: rows move up when one before them leaves.
 */
export class Places {
  readonly #byKey = new Map<string, number | Set<number>>();
  #pairs = 0;
  #pairsSettled = 0;

  of(key: string): number | ReadonlySet<number> | undefined {
    return this.#byKey.get(key);
  }

  /** `borne`: by the row that stood there before. */
  add(keys: readonly string[], at: number, index: number, borne: readonly string[] = NO_KEYS): void {
    const place = at * PLACES + index;
    for (const key of keys) {
      const known = this.#byKey.get(key);
      // Else it was a row that has moved up since, and may still bear it.
      if (known === place && borne.includes(key)) continue;
      if (typeof known === "number" && chunkOf(known) === at) {
        // Two rows of a chunk bear it, or its row has moved: it has to be looked for there.
        this.#byKey.set(key, at * PLACES + ANYWHERE);
        continue;
      }
      if (known === undefined) this.#byKey.set(key, place);
      else if (typeof known === "number") this.#byKey.set(key, new Set([chunkOf(known), at]));
      else if (known.has(at)) continue;
      else known.add(at);
      this.#pairs++;
    }
  }

  /** What is known now is what rows bear. */
  settle(): void {
    this.#pairsSettled = this.#pairs;
  }

  /** Whether most of what is known must be of rows that were. A table that only grows is not overgrown. */
  isOvergrown(rows: number): boolean {
    return this.#pairs > PAIRS_SPARE + Math.max(PAIRS_A_ROW * rows, 2 * this.#pairsSettled);
  }
}

/** Of a row that is not there. */
export const NO_KEYS: readonly string[] = [];
const PAIRS_SPARE = 4096;
const PAIRS_A_ROW = 12;

/** A place is one number: the chunk, and the row in it or `ANYWHERE`. */
const PLACES = 2 * CHUNK;
const ANYWHERE = PLACES - 1;

export function chunkOf(place: number): number {
  return Math.floor(place / PLACES);
}

export function indexIn(place: number): number {
  return place % PLACES;
}
