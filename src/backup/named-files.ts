/** Files that a configuration names: keys, passwords, certificates; each once. Every such setting is called `…_file`. */
export function filesNamedIn(value: unknown): readonly string[] {
  return [...new Set(found(value))].sort();
}

function found(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(found);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string" ? (key.endsWith("_file") && inner.startsWith("/") ? [inner] : []) : found(inner),
  );
}
