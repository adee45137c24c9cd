import { describeValue, formatPath } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";

/** Settings as a TOML document holds them, before anybody has looked at what they say. */
export type SettingsTable = Readonly<Record<string, unknown>>;

/** Settings from one place. Laid over each other they make what is installed: profile, server type, slot, host. */
export interface Layer {
  /** For people: `slot 10.11.0.2`. */
  readonly name: string;
  /** The file it stands in. */
  readonly file: string;
  /** Where in the file; empty: at its top. */
  readonly path: string;
  readonly values: SettingsTable;
  /** Absent: the values stand there. Else they were made from what stands there, such as a filter from a boot disk. */
  readonly isDerived?: boolean;
}

/** Which other settings go when a layer brings one: by path, `disk_setup.disk_list`. One that names itself is not merged. */
export type Replacements = Readonly<Record<string, readonly string[]>>;

export interface MergedSettings {
  readonly values: SettingsTable;
  /** Which layer a setting comes from; of a table, and of what nobody said, the last one that said anything there. */
  sourceOf(path: string): Layer;
  /** Every setting that was said, with its layer, in the order of the documents. */
  readonly said: readonly { readonly path: string; readonly value: unknown; readonly layer: Layer }[];
}

/**
 * Tables are merged key by key, later layers over earlier ones; lists and everything else are replaced. `base` is the
 * first layer, and answers for what no other does.
 */
export function mergeLayers(base: Layer, layers: readonly Layer[], replacements: Replacements = {}): MergedSettings {
  const sources = new Map<string, Layer>([["", base]]);
  const values: Mutable = {};
  for (const layer of [base, ...layers]) {
    for (const [path, gone] of Object.entries(replacements)) {
      if (valueAt(layer.values, path.split(".")) === undefined) continue;
      for (const other of gone) forget(values, other.split("."));
    }
    lay(values, layer.values, [], layer, sources);
  }
  return {
    values,
    sourceOf(path) {
      for (let at = path; at !== ""; at = parentOf(at)) {
        const layer = sources.get(at);
        if (layer !== undefined) return layer;
      }
      return base;
    },
    said: leaves(values, []).map(({ path, value }) => ({ path, value, layer: sources.get(path) ?? base })),
  };
}

/** The problems of merged settings, each with the file and the place that its value comes from. */
export function located(problems: readonly Problem[], merged: Pick<MergedSettings, "sourceOf">): readonly Problem[] {
  return problems.map(({ path, message }) => {
    const layer = merged.sourceOf(path);
    const under = layer.isDerived === true ? layer.path : [layer.path, path].filter((part) => part !== "").join(".");
    const what = layer.isDerived === true && path !== "" ? `makes ${path}: ` : "";
    return { path: under === "" ? layer.file : `${layer.file}: ${under}`, message: `${what}${message}` };
  });
}

/** What is wrong with a layer by itself: keys that belong to the profile and to nothing that is laid over it. */
export function layerProblems({ values }: Layer): readonly Problem[] {
  return OF_THE_PROFILE.filter((key) => values[key] !== undefined).map((key) => ({
    path: key,
    message: `expected in the profile itself, found ${describeValue(values[key])} here`,
  }));
}

const OF_THE_PROFILE = ["kind", "secure_boot", "template"] as const;

/**
 * The layer as profiles of this kind see it. A table that is named like a kind holds settings for that kind alone, so
 * that one server type can serve several.
 */
export function layerFor(layer: Layer, kind: string, kinds: readonly string[]): readonly Layer[] {
  const common = Object.entries(layer.values).filter(([key]) => !kinds.includes(key));
  const own = layer.values[kind];
  const layers: Layer[] = common.length === 0 ? [] : [{ ...layer, values: Object.fromEntries(common) }];
  if (isTable(own)) layers.push({ ...layer, path: layer.path === "" ? kind : `${layer.path}.${kind}`, values: own });
  return layers;
}

type Mutable = Record<string, unknown>;

function lay(into: Mutable, from: SettingsTable, at: readonly string[], layer: Layer, sources: Map<string, Layer>) {
  for (const [key, value] of Object.entries(from)) {
    const path = [...at, key];
    sources.set(formatPath(path), layer);
    if (!isTable(value)) {
      into[key] = value;
      continue;
    }
    // A copy: what is laid into it must not change the document that it came from.
    const below = isTable(into[key]) ? into[key] : {};
    into[key] = { ...below };
    lay(into[key] as Mutable, value, path, layer, sources);
  }
}

function forget(values: Mutable, path: readonly string[]): void {
  const [key = "", ...rest] = path;
  const below = values[key];
  if (rest.length === 0) delete values[key];
  else if (isTable(below)) forget(below, rest);
}

function leaves(table: SettingsTable, at: readonly string[]): { path: string; value: unknown }[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const path = [...at, key];
    return isTable(value) && Object.keys(value).length > 0 ? leaves(value, path) : [{ path: formatPath(path), value }];
  });
}

function valueAt(table: SettingsTable, path: readonly string[]): unknown {
  let value: unknown = table;
  for (const step of path) value = isTable(value) ? value[step] : undefined;
  return value;
}

/** `network.mapping."a.b"[0]` → `network.mapping."a.b"` → `network.mapping` → `network` → empty. */
function parentOf(path: string): string {
  const parent = path.replace(/(\[\d+\]|(^|\.)([\w-]+|"(\\.|[^"\\])*"))$/, "");
  return parent === path ? "" : parent;
}

/** A table of TOML: no list, and no date. */
function isTable(value: unknown): value is Mutable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
