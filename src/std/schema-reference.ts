import { z } from "zod";

/**
 * The keys of a TOML file as Markdown: a section for each table, a row for each key with its type, default and
 * description, all taken from the schema that checks the file.
 */
export function renderSchemaReference(schema: z.ZodType): string {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return sectionsOf(root, [])
    .map(({ heading, text, node }) => [heading, text, rows(node)].filter((part) => part !== "").join("\n\n"))
    .join("\n\n");
}

type Node = z.core.JSONSchema.BaseSchema;

interface Section {
  readonly heading: string;
  readonly text: string;
  readonly node: Node;
}

function sectionsOf(node: Node, path: readonly string[], isList = false): Section[] {
  const own = entriesOf(node).some(([, child]) => tableIn(child) === null);
  const name = path.join(".");
  const heading = path.length === 0 ? "## At the top of the file" : `## \`${isList ? `[[${name}]]` : `[${name}]`}\``;
  const sections: Section[] = own ? [{ heading, text: node.description ?? "", node }] : [];
  for (const [key, child] of entriesOf(node)) {
    const table = tableIn(child);
    if (table === null) continue;
    if (isChoice(table.node)) {
      sections.push(...choiceSections(child, table.node, [...path, key]));
      continue;
    }
    // The list is described, not the table in it.
    const described = { ...table.node, description: child.description ?? table.node.description ?? "" };
    sections.push(...sectionsOf(described, [...path, key], table.isList));
  }
  return sections;
}

/** A list whose entries say with `type` what they are: a section for the list, and one for each type. */
function choiceSections(list: Node, choice: Node, path: readonly string[]): Section[] {
  const name = path.join(".");
  const members = (choice.oneOf ?? []).filter((member): member is Node => typeof member === "object");
  const types = members.map((member) => `\`${typeWord(member)}\``).join(", ");
  const text = `${list.description ?? ""} Each entry has a \`type\`: ${types}.`.trim();
  const own = members.map((node) => ({
    heading: `### \`[[${name}]]\` with \`type = "${typeWord(node)}"\``,
    text: node.description ?? "",
    node: { ...node, properties: Object.fromEntries(entriesOf(node).filter(([key]) => key !== "type")) },
  }));
  return [{ heading: `## \`[[${name}]]\``, text, node: {} }, ...own];
}

function isChoice(node: Node): boolean {
  return node.oneOf !== undefined;
}

function typeWord(node: Node): string {
  const type = node.properties?.type;
  return typeof type === "object" ? String(type.const ?? "") : "";
}

function rows(node: Node): string {
  if (entriesOf(node).length === 0) return "";

  const required = new Set(node.required ?? []);
  const lines = entriesOf(node)
    .filter(([, child]) => tableIn(child) === null)
    .map(([key, child]) =>
      row([
        `\`${key}\``,
        typeOf(child),
        required.has(key) ? "**required**" : defaultOf(child),
        child.description ?? "",
      ]),
    );
  return [row(["Key", "Type", "Default", "Meaning"]), "| --- | --- | --- | --- |", ...lines].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function entriesOf(node: Node): [string, Node][] {
  return Object.entries(node.properties ?? {}).filter((entry): entry is [string, Node] => typeof entry[1] === "object");
}

/** Keys that are written as a table of their own; null: in one line. */
function tableIn(node: Node): { readonly node: Node; readonly isList: boolean } | null {
  if (node.type === "object" && node.properties !== undefined) return { node, isList: false };
  const item = itemOf(node);
  if (node.type === "array" && item?.oneOf !== undefined) return { node: item, isList: true };
  // Lists inside a section are short and written in one line.
  if (node.type === "array" && item?.properties !== undefined && Object.keys(item.properties).length > 2) {
    return { node: item, isList: true };
  }
  return null;
}

function typeOf(node: Node): string {
  if (node["x-type"] !== undefined) return String(node["x-type"]);
  if (node.enum !== undefined) return node.enum.map((word) => `\`${JSON.stringify(word)}\``).join(", ");
  if (node.anyOf !== undefined)
    return node.anyOf.map((each) => (typeof each === "object" ? typeOf(each) : "")).join(" or ");
  if (node.type === "boolean") return "true or false";
  if (node.type === "array") return `list of ${typeOf(itemOf(node) ?? {})}`;
  if (node.type === "object") {
    const keys = Object.keys(node.properties ?? {});
    return keys.length === 0 ? "table" : `\`{ ${keys.join(", ")} }\``;
  }
  const range = node.minimum === undefined || node.maximum === undefined ? "" : ` ${node.minimum}–${node.maximum}`;
  if (node.type === "integer") return `whole number${range}`;
  return node.type === "number" ? `number${range}` : "text";
}

function itemOf(node: Node): Node | null {
  return typeof node.items === "object" && !Array.isArray(node.items) ? node.items : null;
}

function defaultOf(node: Node): string {
  if (node["x-default"] !== undefined) return String(node["x-default"]);
  return node.default === undefined ? "–" : `\`${JSON.stringify(node.default)}\``;
}
