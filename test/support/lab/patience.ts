import { setTimeout as sleep } from "node:timers/promises";

/** Firmware in software emulation, on processors that others use as well. */
export const FIRMWARE_MS = 300_000;

/** Asks again and again until the answer is neither null nor false. Rejects when it takes too long, with `evidence`. */
export async function patiently<T>(
  what: string,
  ask: () => Promise<T | null | false> | T | null | false,
  evidence: () => string = () => "",
  limitMs = FIRMWARE_MS,
): Promise<T> {
  const until = Date.now() + limitMs;
  while (Date.now() < until) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    await sleep(200);
  }
  throw new Error(`waited ${limitMs / 1000} s for ${what}\n${evidence()}`);
}
