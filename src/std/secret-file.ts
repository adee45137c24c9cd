import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file that only its owner may read (0600), whole or not at all; resolves when it is on disk. */
export async function writeSecretFile(path: string, text: string | Uint8Array): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}
