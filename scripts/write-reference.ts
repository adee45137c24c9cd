// Writes the pages of docs/reference/ that are made from schemas and tables. Run it after changing one: npm run docs
import { mkdirSync, writeFileSync } from "node:fs";
import { renderCliReference } from "../src/cli/reference.ts";
import { renderConfigReference } from "../src/config/reference.ts";
import { renderOptionTable } from "../src/dhcp/option-reference.ts";
import { renderApiReference } from "../src/http/operator-reference.ts";
import { KIND_NAMES } from "../src/profiles/kinds.ts";
import { renderProfileReference } from "../src/profiles/reference.ts";

const folder = new URL("../docs/reference/", import.meta.url);
const pages = new Map([
  ["api.md", renderApiReference()],
  ["cli.md", renderCliReference()],
  ["config.md", renderConfigReference()],
  ["dhcp-options.md", renderOptionTable()],
  ...KIND_NAMES.map((kind) => [`profile-${kind}.md`, renderProfileReference(kind)] as const),
]);

mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) {
  writeFileSync(new URL(name, folder), text);
  process.stdout.write(`docs/reference/${name}\n`);
}
