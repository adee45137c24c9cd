import { spawn } from "node:child_process";
import { connect } from "node:net";
import type { Ipv4Address } from "./net/ipv4-address.ts";
import type { RunCommand } from "./remote-installs.ts";

/** Runs it without a shell and without input; with its children it is stopped when the time is over. */
export const runCommand: RunCommand = ([program = "", ...args], { minutes, signal }) =>
  new Promise((resolve) => {
    let output = "";
    // A group of its own, so that what it started goes with it.
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      } catch {
        // It has ended meanwhile.
      }
    };
    const timer = setTimeout(stop, minutes * 60_000);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const end = (code: number | null, text: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve({ code, output: text });
    };
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => end(null, error.message));
    child.once("close", (code) => end(code, output));
  });

const OUTPUT_KEPT = 4000;

/** Whether somebody answers at this address by TCP, within two seconds. */
export function reachable(address: Ipv4Address, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
