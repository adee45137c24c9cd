import { type Html, html } from "./html.ts";
import type { Scene } from "./scene.ts";

/** A page: a pure function of the scene. Its parts are replaced one by one while somebody looks at it. */
export interface Page {
  /** As Hono writes it: `/hosts/:id`. */
  readonly path: `/${string}`;
  /** null: there is nothing at this address. */
  render(scene: Scene, id: string): RenderedPage | null;
}

export interface RenderedPage {
  readonly title: string;
  /** In the order they stand on the page; their ids do not change while the page is looked at. */
  readonly parts: readonly Part[];
}

/** An element with an id that can be replaced alone. */
export interface Part {
  readonly id: string;
  /** The whole element. */
  readonly html: Html;
  /** The element without its items. */
  readonly shell: Html;
  /** Elements in it that can be replaced alone, as long as the list of their ids and the shell stay the same. */
  readonly items: readonly Part[];
}

export function part(id: string, element: Html): Part {
  return { id, html: element, shell: element, items: [] };
}

/** A part made of many alike, such as the rows of a table. `frame` puts what stands around them. */
export function listPart(id: string, items: readonly Part[], frame: (inner: Html) => Html): Part {
  return { id, html: frame(html`${items.map((item) => item.html)}`), shell: frame(html``), items };
}
