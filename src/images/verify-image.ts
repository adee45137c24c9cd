import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { CataloguedImage } from "./catalogue.ts";
import type { ReportProgress } from "./progress.ts";
import { piecesAt, sha256Of } from "./written-file.ts";

/** What is wrong with an image's files, one by one; empty: each is as it was when the image was added. */
export async function verifyImage(
  assets: string,
  { manifest, folder }: CataloguedImage,
  onProgress: ReportProgress,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const total = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let before = 0;
  for (const { path, sizeBytes, sha256 } of manifest.files) {
    const file = join(assets, folder, path);
    const fault = await faultOf(file, { sizeBytes, sha256 }, (done) =>
      onProgress({ what: `checking ${manifest.name}`, done: before + done, total, unit: "octets" }),
    );
    if (fault !== null) faults.push(`${file}: ${fault}`);
    before += sizeBytes;
  }
  return faults;
}

async function faultOf(
  file: string,
  wanted: { readonly sizeBytes: number; readonly sha256: string },
  onBytes: (done: number) => void,
): Promise<string | null> {
  try {
    const { size } = await stat(file);
    if (size !== wanted.sizeBytes) return `expected ${wanted.sizeBytes} octets, found ${size}`;
    const { sha256 } = await sha256Of(piecesAt(file, 0, size), onBytes);
    return sha256 === wanted.sha256 ? null : `expected SHA-256 ${wanted.sha256}, found ${sha256}`;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return code === "ENOENT" ? "it is missing" : `it cannot be read (${code ?? message})`;
  }
}
