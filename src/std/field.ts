import { z } from "zod";
import { nearest } from "./nearest.ts";
import type { Result } from "./result.ts";

/**
 * A text that `parse` turns into something better. `wanted` completes "expected …" and stands in the reference page
 * through `type`, its short form.
 */
export function parsedText<T>(
  type: string,
  wanted: string,
  parse: (text: string) => Result<T, unknown>,
): z.ZodPipe<z.ZodString, z.ZodTransform<T, string>> {
  return z
    .string({ error: `expected ${wanted}` })
    .meta({ "x-type": type })
    .transform((text, context) => {
      const parsed = parse(text);
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: "custom", message: `expected ${wanted}`, input: text });
      return z.NEVER;
    });
}

/** A text that fits `form`. */
export function textLike(type: string, wanted: string, form: RegExp): z.ZodString {
  return z
    .string({ error: `expected ${wanted}` })
    .regex(form, { error: `expected ${wanted}` })
    .meta({ "x-type": type });
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): z.ZodInt {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodEnum<{ [Word in Words[number]]: Word }> {
  return z.enum(words, { error: `expected ${formatChoice(words)}` });
}

/**
 * One of many words, too many to list in a message. `others` leads from names that people use to the one that is meant;
 * otherwise the nearest is suggested.
 */
export function memberOf(
  type: string,
  wanted: string,
  words: ReadonlySet<string>,
  others: Readonly<Partial<Record<string, string>>> = {},
): z.ZodString {
  const message = `expected ${wanted}`;
  return z
    .string({ error: message })
    .check(({ value, issues }) => {
      if (words.has(value)) return;
      // Between short words everything is near.
      const near = others[value] ?? (value.length < 5 ? null : nearest(value, words));
      issues.push({ code: "custom", message, input: value, ...(near === null ? {} : { params: { near } }) });
    })
    .meta({ "x-type": type });
}

/** `"a", "b" or "c"` */
export function formatChoice(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
