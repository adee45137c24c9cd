import { Document, isPair, isScalar, Scalar, visit } from "yaml";

/**
 * As YAML that readers of YAML 1.1 (PyYAML, which cloud-init and Ubuntu's installer use) and of 1.2 understand alike. To
 * the former `52:54:00:12:34:56` is a number of base 60, `no` a boolean, `0755` an octal number and `2024-01-01` a date,
 * so every text is quoted, and so is every key that could be anything but a text.
 */
export function renderYaml(value: unknown): string {
  const document = new Document(plain(value), { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value === "string") node.type = isScript(node.value) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
      else if (typeof node.value === "number") node.value = exact(node.value);
      if (key === "key" && typeof node.value === "string")
        node.type = isSafeKey(node.value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
    },
    Pair(_, pair) {
      if (isPair(pair) && !isScalar(pair.key)) throw new TypeError("a key of YAML must be a text");
    },
  });
  const text = document.toString({ lineWidth: 0, indentSeq: true, directives: false });
  // Printable to JSON and not to YAML; whatever needs it stands in double quotes.
  return text.replaceAll(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Lines that may stand as they are, for people to read. */
function isScript(text: string): boolean {
  return /^[\x21-\x7e][\x20-\x7e\n]*\n$/.test(text);
}

function isSafeKey(key: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) && !/^(y|yes|n|no|on|off|true|false|null)$/i.test(key);
}

/** Numbers without an exponent: YAML 1.1 takes `1e-7` for a text, so that it may as well be one. */
function exact(value: number): number | bigint | string {
  if (!String(value).includes("e")) return value;
  return Number.isInteger(value) ? BigInt(value) : String(value);
}

/** Dates, which TOML knows, as the text that was written; nothing undefined. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, plain(each)]),
  );
}
