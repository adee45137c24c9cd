import { join } from "node:path";
import { readTimeline } from "./trace/timeline-file.ts";

/**
 * Why the daemon must not begin with an empty queue in a folder that holds no state: its timeline tells of installs, so
 * there was one, and those machines would be installed a second time. null: nothing speaks against it.
 */
export async function lostState(folder: string): Promise<string | null> {
  const timeline = join(folder, "timeline.jsonl");
  const entries = await readTimeline(timeline, Number.POSITIVE_INFINITY);
  const installs = entries.filter(({ road, what }) => road === "queue" && INSTALLS.test(what));
  const last = installs.at(-1);
  if (last === undefined) return null;
  const when = new Date(last.at).toISOString();
  return [
    `expected a saved queue in ${join(folder, "state.json")}, found no such file, although the timeline beside it tells of installs (the last: ${last.mac} ${last.what}, ${when})`,
    "An empty queue in its place would install machines a second time, so bootqueue does not start.",
    "Restore it: `bootqueue restore FILE`, or copy state.json and state.journal back from where they went.",
    "To begin again with an empty queue, which treats every machine as new:",
    `  mkdir --parents ${folder}/old; mv ${timeline}* ${folder}/old/`,
  ].join("\n");
}

/** From here on a disk may have been wiped. */
const INSTALLS = /^(installing|installed|first_boot|joining|ready)\b/;
