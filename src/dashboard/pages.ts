import { HOST_PAGE } from "./host-page.ts";
import type { Page } from "./page.ts";
import { QUEUE_PAGE } from "./queue-page.ts";

/** Every page that lives: one that shows the state of things and follows it. A new one is a file and a line here. */
export const PAGES: readonly Page[] = [QUEUE_PAGE, HOST_PAGE];

/** The page at a path such as `/hosts/52-54-00-ab-cd-ef`, and the id in that path. null: none. */
export function pageAt(path: string): { readonly page: Page; readonly id: string } | null {
  for (const page of PAGES) {
    const [before, after] = page.path.split(":id");
    if (after === undefined ? path === page.path : before !== undefined && path.startsWith(before)) {
      const id = decoded(path.slice(before?.length ?? 0));
      if (id !== null && !id.includes("/")) return { page, id };
    }
  }
  return null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
