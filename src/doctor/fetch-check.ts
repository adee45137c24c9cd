import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "../std/result.ts";
import { type FetchFailure, fetchFailed, sameOctets } from "./fetched.ts";
import { type Finding, warning } from "./finding.ts";
import { fetchByHttp } from "./http-fetch.ts";
import { fetchByTftp } from "./tftp-fetch.ts";

export interface FetchCheck {
  readonly address: string;
  readonly port: number;
  readonly assets: string;
  /** Relative to `assets`; null: there is none to fetch. */
  readonly file: string | null;
  readonly isDaemonThere: () => Promise<boolean>;
  readonly patienceMs: number;
}

/** Fetches a boot file as firmware does. */
export async function tftpFinding(check: FetchCheck): Promise<Finding> {
  const { address, port, patienceMs } = check;
  const hint =
    ", or the ports of their own from which transfers are answered: tftp.single_port answers all of them from port 69";
  const fetch = (file: string) => fetchByTftp(address, port, file, patienceMs);
  return await judged("TFTP", `UDP ${address}:${port}`, check, fetch, hint);
}

/** Fetches the same file as iPXE does, in two ranges. */
export async function httpFinding(check: FetchCheck): Promise<Finding> {
  const { address, port, patienceMs } = check;
  const fetch = async (file: string, size: number): Promise<Result<Buffer, FetchFailure>> => {
    const path = `/assets/${file.split("/").map(encodeURIComponent).join("/")}`;
    const half = Math.ceil(size / 2);
    const parts: Buffer[] = [];
    for (const [first, last] of [
      [0, half - 1],
      [half, size - 1],
    ] as const) {
      if (last < first) continue;
      const part = await fetchByHttp(address, port, path, { first, last }, patienceMs / 2);
      if (!part.ok) return part;
      parts.push(part.value);
    }
    return { ok: true, value: Buffer.concat(parts) };
  };
  return await judged("HTTP", `TCP ${address}:${port}`, check, fetch, "");
}

async function judged(
  what: string,
  port: string,
  { assets, file, isDaemonThere }: FetchCheck,
  fetch: (file: string, size: number) => Promise<Result<Buffer, FetchFailure>>,
  hint: string,
): Promise<Finding> {
  if (file === null)
    return warning(what, "not tried: there is no boot file to fetch", "put the boot files there first");
  const onDisk = await readFile(join(assets, file)).catch(() => null);
  if (onDisk === null) return warning(what, `not tried: ${file} cannot be read here`, "run `bootqueue doctor` as root");
  const came = await fetch(file, onDisk.length);
  return came.ok
    ? sameOctets(what, file, came.value, onDisk)
    : fetchFailed(what, file, port, came.error, await isDaemonThere(), hint);
}
