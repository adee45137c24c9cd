import { renderSchemaReference } from "../std/schema-reference.ts";
import { withKind } from "./kinds.ts";

/** `docs/reference/profile-KIND.md`: every setting of a kind of profile. `kind` must be one of `KIND_NAMES`. */
export function renderProfileReference(kind: string): string {
  const sections = withKind(kind, ({ settings }) => renderSchemaReference(settings));
  if (sections === null) throw new RangeError(`no kind of profile is called ${kind}`);
  return `<!-- Made by scripts/write-reference.ts from the schema of the kind, in src/profiles/. Do not edit. -->

# Profiles of the kind \`${kind}\`

A profile is a file \`NAME.toml\` in the folder \`paths.profiles\`; a slot names it with \`profile = "NAME"\`. Its first key is
\`kind = "${kind}"\`. A key that is not listed here is an error. \`bootqueue config check\` looks at all profiles. An example
with comments is \`profiles/\` in the source tree.

Profiles of every kind may say \`secure_boot = true\` (default \`false\`): UEFI machines that get this profile are then
given \`shim\` and GRUB instead of iPXE; see [how-to/secure-boot.md](../how-to/secure-boot.md).

${sections}
`;
}
