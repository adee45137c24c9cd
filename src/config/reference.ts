import { renderSchemaReference } from "../std/schema-reference.ts";
import { EXAMPLE_CONFIG } from "./example.ts";
import { ConfigFile } from "./schema.ts";

/** `docs/reference/config.md`: every setting of the configuration file, from the schema that checks it. */
export function renderConfigReference(): string {
  return `<!-- Made by scripts/write-reference.ts from src/config/schema.ts. Do not edit. -->

# The configuration file

\`/etc/bootqueue/bootqueue.toml\`, or the file that \`BOOTQUEUE_CONFIG\` names. TOML. A key that is not listed here is an
error. Look at it with \`bootqueue config check\`; a running daemon reads it again on SIGHUP and keeps the old one when the
new one has a mistake.

${renderSchemaReference(ConfigFile)}

## Example

\`\`\`toml
${EXAMPLE_CONFIG}\`\`\`
`;
}
