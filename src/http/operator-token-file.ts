import { readFile } from "node:fs/promises";
import { writeSecretFile } from "../std/secret-file.ts";
import type { OperatorTokenStore } from "./sessions.ts";

/**
 * Keeps the SHA-256 of the operator token in a file that only its owner may read (mode 0600).
 * Rejects when the file is there and is not what we wrote.
 */
export async function loadOperatorTokenFile(path: string): Promise<OperatorTokenStore> {
  let kept = await read(path);
  return {
    get sha256() {
      return kept;
    },
    async replace(sha256) {
      await writeSecretFile(
        path,
        `${sha256}
`,
      );
      kept = sha256;
    },
  };
}

async function read(path: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`cannot read the operator token's hash in ${path}`, { cause });
  }
  if (/^[0-9a-f]{64}\n?$/.test(text)) return text.trim();
  throw new Error(
    `${path} should hold the SHA-256 of the operator token as 64 hexadecimal digits; remove it and run \`bootqueue token\``,
  );
}
