import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/load.ts";
import { type Account, mayAccess } from "./account.ts";
import { type Finding, fine, problem } from "./finding.ts";

type BootFiles = Config["dhcp"]["boot_files"];

export interface BootFileCheck {
  readonly findings: readonly Finding[];
  /** Relative to `assets`, what can be fetched for a trial: those that matter most first. */
  readonly present: readonly string[];
}

/** Are the boot loaders there that the configuration names? */
export async function checkBootFiles(assets: string, files: BootFiles, account: Account): Promise<BootFileCheck> {
  const looks = await Promise.all(
    (Object.keys(KINDS) as (keyof BootFiles)[]).map(async (kind) => ({
      kind,
      file: files[kind],
      found: await stat(join(assets, files[kind])).catch(() => null),
    })),
  );
  const findings: Finding[] = [];
  const absent: string[] = [];
  for (const { kind, file, found } of looks) {
    const { machines, needed } = KINDS[kind];
    const path = join(assets, file);
    if (found === null && !needed) absent.push(`${file} (${machines})`);
    else if (found === null)
      findings.push(
        problem(WHAT, `${path} is missing: ${machines} cannot boot`, "put it there; see `scripts/fetch-assets`"),
      );
    else if (!found.isFile() || found.size === 0)
      findings.push(problem(WHAT, `${path} is no file with anything in it`, "put the boot loader there"));
    else if (!mayAccess(found, account, 4))
      findings.push(
        problem(WHAT, `${account.name}, as whom the daemon runs, may not read ${path}`, `\`chmod a+r ${path}\``),
      );
  }
  const present = looks.filter(({ found }) => found?.isFile() === true && found.size > 0);
  const there = present.map(({ file }) => file);
  if (there.length > 0) findings.push(fine(WHAT, `${[...new Set(there)].join(", ")} in ${assets}`));
  if (absent.length > 0)
    findings.push(fine(WHAT, `left out, which is right where there are none: ${absent.join(", ")}`));
  return { findings, present: there };
}

const WHAT = "boot files";

/** `needed`: without it hardly anything boots. A profile that needs one of the others is the daemon's to warn of. */
const KINDS: Record<keyof BootFiles, { readonly machines: string; readonly needed: boolean }> = {
  bios: { machines: "BIOS machines", needed: true },
  uefi_x64: { machines: "64-bit x86 UEFI machines", needed: true },
  uefi_arm64: { machines: "64-bit ARM UEFI machines", needed: false },
  uefi_ia32: { machines: "32-bit x86 UEFI machines", needed: false },
  uefi_x64_secure: { machines: "64-bit x86 machines with Secure Boot", needed: false },
  uefi_arm64_secure: { machines: "64-bit ARM machines with Secure Boot", needed: false },
};
