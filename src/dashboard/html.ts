import { html as template } from "hono/html";

/** Markup that may stand in a page as it is. Only `html` makes it; every other value is escaped when it is put in. */
export type Html = Awaited<ReturnType<typeof template>>;

/**
 * A template whose values are escaped, for text and for attributes in double quotes.
 * Values are text, numbers, other `Html` or arrays of these; `null`, `undefined` and `false` leave nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // Hono answers with a promise only when a value is one, and `HtmlValue` has none.
  return template(strings, ...values) as Html;
}

export type HtmlValue = Html | string | number | boolean | null | undefined | readonly HtmlValue[];

/** No markup at all. */
export const NOTHING: Html = html``;
