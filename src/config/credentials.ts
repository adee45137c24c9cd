import { readFile, stat } from "node:fs/promises";
import type { Problem } from "../std/problem.ts";
import type { ClusterEntry } from "./clusters.ts";

/** The Proxmox API takes no longer password. */
const PASSWORD_BYTES_MAX = 128;

/** What is wrong with the files that hold keys and passwords. Their content is never repeated. */
export async function credentialProblems(clusters: readonly ClusterEntry[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [index, { key_file, password_file }] of clusters.entries()) {
    for (const [key, file] of Object.entries({ key_file, password_file })) {
      if (file === undefined) continue;
      const fault = await faultOf(file, key === "key_file" ? keyFault : passwordFault);
      if (fault !== null) problems.push({ path: `cluster[${index}].${key}`, message: `${file}: ${fault}` });
    }
  }
  return problems;
}

/** The same for files that hold one secret line, by the path of the setting that names them. */
export async function secretLineProblems(files: Readonly<Record<string, string | undefined>>): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [path, file] of Object.entries(files)) {
    const fault = file === undefined ? null : await faultOf(file, secretLineFault);
    if (fault !== null) problems.push({ path, message: `${file}: ${fault}` });
  }
  return problems;
}

function secretLineFault(text: string): string | null {
  const [secret = "", ...rest] = text.split(/\r?\n/);
  return secret.trim() === "" || rest.some((line) => line !== "") ? "expected one line with the secret" : null;
}

/** The key or password in such a file, as it is now. Rejects when it cannot be read. */
export async function readCredential(file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  return text.startsWith("-----BEGIN") ? text : (text.split(/\r?\n/)[0] ?? "");
}

async function faultOf(file: string, contentFault: (text: string) => string | null): Promise<string | null> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, "0");
      return `expected mode 0600, found ${found}: others may read it; chmod 600 it`;
    }
    return contentFault(await readFile(file, "utf8"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return code === "ENOENT" ? "there is no such file" : `cannot be read: ${code ?? "unknown error"}`;
  }
}

function keyFault(text: string): string | null {
  return /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.trimStart())
    ? null
    : "expected a private key as ssh-keygen makes it, without a passphrase";
}

function passwordFault(text: string): string | null {
  const [password = "", ...rest] = text.split(/\r?\n/);
  if (password === "" || rest.some((line) => line !== "")) return "expected one line with the password";
  return Buffer.byteLength(password) > PASSWORD_BYTES_MAX
    ? `expected a password of at most ${PASSWORD_BYTES_MAX} octets`
    : null;
}
