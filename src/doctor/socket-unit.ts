import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SocketUnit } from "./network-check.ts";

/**
 * The unit of the DHCP socket with its drop-ins, where `scripts/install` and administrators put them; null: there is none.
 * As in systemd.unit(5), the last setting counts, and an empty one takes it back.
 */
export async function readSocketUnit(folder = "/etc/systemd/system"): Promise<SocketUnit | null> {
  const unit = join(folder, "bootqueue-dhcp.socket");
  const main = await readFile(unit, "utf8").catch(() => null);
  if (main === null) return null;
  const names = (await readdir(`${unit}.d`).catch(() => [])).filter((name) => name.endsWith(".conf")).sort();
  const more = await Promise.all(names.map((name) => readFile(join(`${unit}.d`, name), "utf8").catch(() => "")));
  const said = [main, ...more].flatMap((text) => [...text.matchAll(/^\s*BindToDevice=(.*)$/gm)]);
  return { device: said.at(-1)?.[1]?.trim() || null };
}
