import type { Result } from "../std/result.ts";
import type { ReadyNode } from "./ready-node.ts";

/** A system that wants to know of every host that is ready. Each implementation passes `test/registration/registrars.test.ts`. */
export interface Registrar {
  /** As the configuration calls it. */
  readonly name: string;
  /** Tells it. May be asked again for the same node, and then leaves things as they are. Rejects never. */
  register(node: ReadyNode, signal: AbortSignal): Promise<Result<Registered, RegistrationFailure>>;
}

export interface Registered {
  /** What was done, in words. */
  readonly what: string;
}

export interface RegistrationFailure {
  readonly message: string;
  /** true: trying again cannot help until somebody changes something. */
  readonly isFinal: boolean;
}
