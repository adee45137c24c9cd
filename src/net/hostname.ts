import type { Brand } from "../std/brand.ts";
import { err, ok, type Result } from "../std/result.ts";

/** One DNS label, lower case: `peach-beach`. */
export type Hostname = Brand<string, "Hostname">;

/** A label of 1–63 letters, digits and inner hyphens, not purely numeric (RFC 1123 §2.1; Proxmox refuses numbers). */
export function parseHostname(text: string): Result<Hostname, "not-a-hostname"> {
  const lower = text.toLowerCase();
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(lower) || /^\d+$/.test(lower)) return err("not-a-hostname");
  return ok(lower as Hostname);
}

/** A domain name: labels joined by dots, at most 253 octets, no trailing dot. */
export type DomainName = Brand<string, "DomainName">;

export function parseDomainName(text: string): Result<DomainName, "not-a-domain-name"> {
  const lower = text.toLowerCase();
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  if (lower.length > 253 || !lower.split(".").every((part) => label.test(part))) return err("not-a-domain-name");
  return ok(lower as DomainName);
}
