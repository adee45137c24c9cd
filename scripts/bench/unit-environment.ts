import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const UNIT = fileURLToPath(new URL("../../systemd/bootqueue.service", import.meta.url));

/** What systemd gives the daemon: it is measured as it is run. Throws for a line that it cannot read. */
export function unitEnvironment(unit = readFileSync(UNIT, "utf8")): Readonly<Record<string, string>> {
  const lines = unit.split("\n").filter((line) => line.startsWith("Environment="));
  return Object.fromEntries(
    lines.map((line) => {
      const [, quoted, plain] = /^Environment=(?:"([^"\\%]+)"|([^"\s\\%]+))$/.exec(line) ?? [];
      const [name = "", ...value] = (quoted ?? plain ?? "").split("=");
      if (value.length === 0) throw new Error(`${UNIT}: expected Environment="NAME=VALUE", found ${line}`);
      return [name, value.join("=")];
    }),
  );
}
