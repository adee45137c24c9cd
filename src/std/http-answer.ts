import type { IncomingMessage } from "node:http";

/** All that a server answers. Rejects when that is longer than `sizeMax` octets, and when it breaks off. */
export async function wholeTextOf(answer: IncomingMessage, sizeMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > sizeMax) break;
      parts.push(part);
    }
    // Whatever else would come.
    if (size > sizeMax) answer.destroy();
  } catch (cause) {
    throw new Error("the connection broke off in the middle of the answer", { cause });
  }
  if (size > sizeMax) throw new Error(`its answer is longer than ${sizeMax} octets`);
  return Buffer.concat(parts).toString("utf8");
}

/** null: it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
