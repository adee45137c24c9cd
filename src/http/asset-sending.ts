import type { ServerResponse } from "node:http";
import type { AssetFile } from "./asset-file.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { LoopTurns } from "./loop-turns.ts";
import type { SharedChunks } from "./shared-chunks.ts";

/** How the body of one answer ended. */
export interface SendingEnd {
  readonly type:
    | "complete"
    /** The machine closed the connection, as firmware does that only wanted to look. */
    | "hung-up"
    /** It took nothing for too long, and was disconnected. */
    | "stalled"
    /** Somebody wrote into the file: the connection was broken off, so that nobody boots from two halves. */
    | "changed"
    | "unreadable";
  /** Octets of the body that were handed to the network. */
  readonly sentBytes: number;
}

/** A part of a body: text, or octets of the file. */
export type BodyPart = string | ByteRange;

export interface SendingMeans {
  readonly chunks: SharedChunks;
  readonly turns: LoopTurns;
  /** For so long a machine may take nothing. */
  readonly stallMs: number;
}

/**
 * Sends the parts one after the other and ends the answer; its head must be written already. It holds one chunk at a
 * time, however slowly the machine takes it. The last octets leave only if the file is still what it was when it was
 * opened: an answer that is complete is never a mixture.
 */
export async function sendParts(
  outgoing: ServerResponse,
  file: AssetFile,
  parts: readonly BodyPart[],
  means: SendingMeans,
): Promise<SendingEnd> {
  const line = new Line(outgoing, means.stallMs);
  await line.isItsTurn();
  for (const [n, part] of parts.entries()) {
    if (line.end !== null) break;
    if (typeof part === "string") await line.write(Buffer.from(part));
    else await sendRange(line, file, part, n >= parts.length - 2, means);
  }
  return await line.finish();
}

/** `isLast`: nothing but text comes after it. */
async function sendRange(
  line: Line,
  file: AssetFile,
  { first, last }: ByteRange,
  isLast: boolean,
  { chunks, turns }: SendingMeans,
): Promise<void> {
  for (let at = first; at <= last && line.end === null; ) {
    const chunk = await Promise.resolve(chunks.take(file, at)).catch(() => null);
    if (chunk === null) return line.breakOff((await isSame(file)) ? "unreadable" : "changed");
    try {
      const bytes = chunk.bytes.subarray(at - chunk.start, last + 1 - chunk.start);
      at += bytes.length;
      if (at <= last) chunks.prepare(file, at);
      else if (isLast && !(await isSame(file))) return line.breakOff("changed");
      await turns.next(bytes.length);
      await line.write(bytes);
    } finally {
      chunk.release();
    }
  }
}

/** A file that cannot even be looked at is not the same. */
function isSame(file: AssetFile): Promise<boolean> {
  return file.isUnchanged().catch(() => false);
}

/** One answer's way out, which may break at any moment. */
class Line {
  /** null: it is open. */
  end: SendingEnd["type"] | null = null;
  readonly #outgoing: ServerResponse;
  #sentBytes = 0;
  /** Goes on with what waits for the network. */
  #wake: () => void = () => {};

  constructor(outgoing: ServerResponse, stallMs: number) {
    this.#outgoing = outgoing;
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) this.end ??= "hung-up";
      this.#wake();
    });
    outgoing.on("error", () => {});
    outgoing.setTimeout(stallMs, () => this.breakOff("stalled"));
    if (outgoing.destroyed) this.end = "hung-up";
  }

  /** A client may ask for more before it has what it asked for first; until then nothing is read for it. */
  isItsTurn(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#outgoing.socket !== null || this.end !== null) return resolve();
      this.#wake = resolve;
      this.#outgoing.once("socket", () => resolve());
    });
  }

  /** Resolves when the network has taken all of it, or never will. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.end !== null) return resolve();
      this.#wake = resolve;
      this.#outgoing.write(bytes, (error) => {
        if (error == null) this.#sentBytes += bytes.length;
        resolve();
      });
    });
  }

  breakOff(why: Exclude<SendingEnd["type"], "complete" | "hung-up">): void {
    this.end ??= why;
    this.#outgoing.destroy();
  }

  finish(): Promise<SendingEnd> {
    return new Promise((resolve) => {
      const done = () => resolve({ type: this.end ?? "complete", sentBytes: this.#sentBytes });
      if (this.end !== null) return done();
      this.#wake = done;
      this.#outgoing.end(done);
    });
  }
}
