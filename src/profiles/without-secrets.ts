import { HIDDEN } from "./masked-links.ts";

/** A document that is handed on as it is, with something else wherever a secret may stand. Lists of public keys stay. */
export function withoutSecrets<T>(document: T): T {
  // The shape stays: only texts become other texts.
  return hide(document) as T;
}

function hide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, isSecret(key) ? hidden(each) : hide(each)]),
  );
}

function isSecret(key: string): boolean {
  return /pass(wd|word|phrase)?$|passw|secret|token|private|credential|^key$|_key$|-key$|hash|content|^psk$/i.test(key);
}

/** Also of numbers and lists, in their shape. */
function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each)]));
  }
  return typeof value === "boolean" || value === null ? value : HIDDEN;
}
