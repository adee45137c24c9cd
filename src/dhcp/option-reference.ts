import { OPTIONS } from "./option.ts";

/** The reference page of all options that we know by name, out of the table (Markdown). */
export function renderOptionTable(): string {
  const rows = Object.entries(OPTIONS).map(
    ([name, { code, codec, source }]) => `| ${code} | \`${name}\` | ${codec.format} | ${source} |`,
  );
  return `# DHCP options

Generated from \`OPTIONS\` in \`src/dhcp/option.ts\`; [how to add one](../how-to/add-a-dhcp-option.md).

An option that is not in this table is read and kept octet by octet, and can be sent by its number.

| Number | Name | Form | Source |
| ---: | --- | --- | --- |
${rows.join("\n")}
`;
}
