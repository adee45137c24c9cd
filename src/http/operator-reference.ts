import { z } from "zod";
import { API_ROUTES, type ApiRoute, openApiDocument, STATUS_WORDS, schemaName } from "./operator-openapi.ts";

/** `docs/reference/api.md`: the same as `/api/openapi.json`, for people. */
export function renderApiReference(): string {
  return `${INTRODUCTION}
## Routes

${API_ROUTES.map(renderRoute).join("\n")}
## Refusals

Every refusal is an \`ApiError\`: \`error\` says what is wrong, \`hint\` what to do, \`reason\` names it for programs.

${table(
  ["Status", "Meaning"],
  Object.entries(STATUS_WORDS).map(([status, words]) => [status, words]),
)}
## Shapes

${Object.entries(shapes()).map(renderShape).join("\n")}`;
}

const INTRODUCTION = `# The API

<!-- Made from the schemas in \`src/http/contract.ts\` by \`npm run docs\`. Change them, not this page. -->

JSON over HTTP, on the address \`operator.listen\` and on the Unix socket \`operator.socket\`. The daemon itself describes
it as OpenAPI 3.1 under \`/api/openapi.json\`.

- Reading is open to whoever reaches the operator's listener. It never shows tokens, answer files with their secrets,
  or passwords.
- Every change needs \`Authorization: Bearer TOKEN\`, with the token that \`bootqueue token\` printed, or the session of a
  browser that logged in with it. A session counts only for requests from the appliance's own pages.
- On the Unix socket, which only root can open, everything is allowed.
- The listener answers only to its own names and addresses in the \`Host\` header.
- A body has the type \`application/json\`, or that of a form, which is answered with a redirect instead of JSON.
- \`{ref}\` is a name as people use it: for a host its id, UUID, any hardware address, or its slot's number, address or
  hostname, or an unambiguous beginning of these; for a slot its number, address or hostname.

\`\`\`sh
curl http://10.11.0.1:8080/api/hosts
curl --request POST --header "Authorization: Bearer $TOKEN" http://10.11.0.1:8080/api/hosts/node1/rebuild
curl --unix-socket /run/bootqueue/bootqueue.sock --request POST http://localhost/api/queue/pause
\`\`\`
`;

function renderRoute(route: ApiRoute): string {
  const facts = [
    ...Object.entries(route.query ?? {}).map(([name, words]) => `- \`?${name}=\` ${words}`),
    ...(route.body && schemaName(route.body) !== "EmptyBody" ? [`- Takes \`${schemaName(route.body)}\`.`] : []),
    ...(route.needs === "credential" ? ["- Needs the token or a session."] : []),
    ...(route.needs === "socket" ? ["- On the Unix socket only."] : []),
    `- Answers ${answerWords(route)}.`,
    ...(route.refusals.length > 0 ? [`- Refuses with ${route.refusals.join(", ")}.`] : []),
  ];
  return `### \`${route.method.toUpperCase()} ${route.path}\`\n\n${route.summary}\n\n${facts.join("\n")}\n`;
}

function answerWords({ answer }: ApiRoute): string {
  if (answer === null) return "204, without a body";
  return typeof answer === "string" ? `\`${answer}\`` : `\`${schemaName(answer)}\``;
}

/** As far as JSON Schema is used here. */
const Shape = z.object({
  type: z.unknown(),
  items: z.record(z.string(), z.unknown()).optional(),
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

function shapes(): Record<string, z.infer<typeof Shape>> {
  const components = z.object({ components: z.object({ schemas: z.record(z.string(), Shape) }) });
  return components.parse(openApiDocument("")).components.schemas;
}

function renderShape([name, shape]: [string, z.infer<typeof Shape>]): string {
  const { properties, required } = shape;
  if (shape.type === "array") return `### ${name}\n\nA ${typeWords(shape)}.\n`;
  const rows = Object.entries(properties).map(([field, schema]) => [
    `\`${field}\`${required.includes(field) ? "" : " (optional)"}`,
    typeWords(schema),
    String(schema.description ?? ""),
  ]);
  return `### ${name}\n\n${rows.length === 0 ? "Nothing: `{}` or no body.\n" : table(["Field", "Type", "Meaning"], rows)}`;
}

/** `string or null`, `list of SlotView`: what a reader wants of a JSON Schema. */
function typeWords(schema: Readonly<Record<string, unknown>>): string {
  const inner = (value: unknown) => typeWords(value as Readonly<Record<string, unknown>>);
  if (typeof schema.$ref === "string") return `\`${schema.$ref.split("/").at(-1)}\``;
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return [...new Set(choices.map(inner))].join(" or ");
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === "array") return `list of ${inner(schema.items)}`;
  if (schema.type === "object" && schema.properties === undefined)
    return `object of ${inner(schema.additionalProperties)}`;
  if (schema.type === "object") return `{ ${Object.keys(schema.properties as object).join(", ")} }`;
  return [schema.type].flat().join(" or ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}
