/** Redfish answers are whatever a BMC makes of the standard, so every look into one may find nothing. */

/** The value at this path; undefined: there is none. */
export function valueAt(json: unknown, ...path: readonly (string | number)[]): unknown {
  let value = json;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** null: there is none, or an empty one. */
export function textAt(json: unknown, ...path: readonly (string | number)[]): string | null {
  const value = valueAt(json, ...path);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** Empty where there is no list. */
export function listAt(json: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(json, ...path);
  return Array.isArray(value) ? value : [];
}

/** null: it is not given, which is not the same as an empty list. */
export function wordsAt(json: unknown, ...path: readonly (string | number)[]): readonly string[] | null {
  const value = valueAt(json, ...path);
  return Array.isArray(value) ? value.filter((word): word is string => typeof word === "string") : null;
}

/** The address behind `@odata.id`. null: there is none that leads to the same server. */
export function linkAt(json: unknown, ...path: readonly (string | number)[]): string | null {
  return pathOfLink(textAt(json, ...path, "@odata.id"));
}

/** Of a whole address only the path is used, so that no answer leads us and our credentials to another server. */
export function pathOfLink(link: string | null): string | null {
  if (link === null) return null;
  try {
    const { pathname, search } = new URL(link, "https://bmc.invalid/");
    return pathname.startsWith("//") ? null : pathname + search;
  } catch {
    return null;
  }
}
