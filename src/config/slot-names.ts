import { type Hostname, parseHostname } from "../net/hostname.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { DeclaredServerType } from "./server-types.ts";

/** `pve-ms` and 7: `pve-ms7`; `node{nn}` and 7: `node07`. */
export function numberedName(pattern: string, number: number): string {
  const whole = /\{n{1,3}\}/.test(pattern) ? pattern : `${pattern}{n}`;
  return whole.replaceAll(/\{(n{1,3})\}/g, (_, digits: string) => String(number).padStart(digits.length, "0"));
}

/** The pattern for slots that are kept for a type and bear no name of their own. */
export function patternOfType(
  { server_type: name }: { readonly server_type?: string | undefined },
  path: string,
  types: readonly DeclaredServerType[],
): Result<string, Problem> {
  const wanted = "a host name, or a server_type that has a hostname_prefix";
  if (name === undefined) return err({ path: `${path}.hostname`, message: `missing: expected ${wanted}` });
  const type = types.find((one) => one.name === name);
  if (type?.hostnamePrefix != null) return ok(type.hostnamePrefix);
  const why =
    type === undefined ? `no server type is called "${name}"` : `server type "${name}" has no hostname_prefix`;
  return err({ path: `${path}.hostname`, message: `missing: expected ${wanted}, but ${why}` });
}

/** Named by the last number of its address, which stays when slots are added or taken out. */
export function nameByType(
  entry: { readonly ip: Ipv4Address; readonly server_type?: string | undefined },
  path: string,
  types: readonly DeclaredServerType[],
): Result<Hostname, Problem> {
  const pattern = patternOfType(entry, path, types);
  if (!pattern.ok) return pattern;
  const text = numberedName(pattern.value, Number(entry.ip.split(".").at(-1)));
  const hostname = parseHostname(text);
  if (hostname.ok) return hostname;
  const message = `expected a hostname_prefix that makes a host name, but ${entry.ip} is ${JSON.stringify(text)}`;
  return err({ path: `${path}.server_type`, message });
}
