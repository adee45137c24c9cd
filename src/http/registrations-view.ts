import type { Dispatch } from "../registration/outbox.ts";
import { formatInstant } from "../std/clock.ts";
import type { RegistrationsView } from "./contract.ts";

export function registrationsView(dispatches: readonly Dispatch[]): RegistrationsView {
  return {
    registrations: dispatches.map(({ registrar, host, state }) => ({
      registration: registrar,
      host,
      state: state.type,
      attempts: "attempts" in state ? state.attempts : null,
      at: formatInstant(state.type === "waiting" ? state.nextAt : state.at),
      words: state.type === "done" ? state.what : state.reason,
    })),
  };
}

/** What a person should look at. */
export function registrationWarnings(dispatches: readonly Dispatch[]): readonly string[] {
  const dead = dispatches.filter(({ state }) => state.type === "dead").length;
  if (dead === 0) return [];
  return [
    `${dead} ${dead === 1 ? "registration was" : "registrations were"} given up: \`bootqueue registrations\` says why, \`bootqueue registrations --retry\` tries again`,
  ];
}
