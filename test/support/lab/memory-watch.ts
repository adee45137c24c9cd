import type { BareDaemon } from "./bare-daemon.ts";

/** What the daemon holds now, in MB, as it tells by itself. */
export async function residentMb(daemon: BareDaemon): Promise<number> {
  const metrics = String(await daemon.ask("GET", "/metrics"));
  return Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 2 ** 20);
}

/** The same every half second, until `stop`. A look that is not answered in a flood is left out. */
export function watchMemory(daemon: BareDaemon): { readonly seen: number[]; stop(): void } {
  const seen: number[] = [];
  const looks = setInterval(() => {
    residentMb(daemon).then(
      (mb) => seen.push(mb),
      () => {},
    );
  }, 500);
  return { seen, stop: () => clearInterval(looks) };
}
