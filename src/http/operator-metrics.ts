import type { OperatorDeps } from "./operator-deps.ts";
import { countStates } from "./operator-view.ts";

/** The Prometheus text format, version 0.0.4. No host is named in it: a rack of names is a list, not a metric. */
export function renderMetrics(deps: Pick<OperatorDeps, "queue" | "feed" | "clock" | "about" | "notReady">): string {
  const about = deps.about();
  const counts = countStates(deps.queue.state);
  const families: readonly Family[] = [
    gauge("bootqueue_info", "Always 1; its labels say what runs.", [[{ version: about.version, mode: about.mode }, 1]]),
    gauge("bootqueue_start_time_seconds", "When the daemon started, in Unix time.", [[{}, about.startedAt / 1000]]),
    gauge("bootqueue_ready", "1: machines are served.", [[{}, deps.notReady().length === 0 ? 1 : 0]]),
    gauge("bootqueue_paused", "1: no unknown host takes a slot.", [[{}, deps.queue.state.paused ? 1 : 0]]),
    gauge("bootqueue_slots", "Slots by state.", byState(counts.slots)),
    gauge("bootqueue_hosts", "Hosts by state.", byState(counts.hosts)),
    gauge("bootqueue_watchers", "Open event streams.", [[{}, deps.feed.watchers]]),
    gauge("process_resident_memory_bytes", "Resident memory.", [[{}, process.memoryUsage.rss()]]),
    {
      name: "bootqueue_footprints_total",
      type: "counter",
      help: "What was answered, dropped or noted, by road.",
      samples: [...deps.feed.tally].sort().map(([key, value]) => {
        const [road = "", outcome = ""] = key.split(" ");
        return [{ road, outcome }, value];
      }),
    },
  ];
  return families.map(renderFamily).join("");
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "gauge", help, samples };
}

function byState(counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([state, count]) => [{ state }, count]);
}

function renderFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${name}${inner.length > 0 ? `{${inner.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
