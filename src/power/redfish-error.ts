import type { BmcAnswer } from "./bmc-http.ts";
import { listAt, textAt, valueAt } from "./redfish-json.ts";

/** What a BMC says of a request that it did not do. */
export interface RedfishError {
  readonly status: number;
  /** After the last dot, because registry and version vary: `PropertyNotWritable`. */
  readonly ids: readonly string[];
  /** For the operator, at most 500 characters. */
  readonly words: string;
  /** Everything it said, to be searched for a name. */
  readonly text: string;
}

export function redfishErrorOf({ status, json, text }: BmcAnswer): RedfishError {
  const info = valueAt(json, "error", "@Message.ExtendedInfo");
  const messages = Array.isArray(info) ? info : info === undefined ? listAt(json, "@Message.ExtendedInfo") : [info];
  const codes = [textAt(json, "error", "code"), ...messages.map((message) => textAt(message, "MessageId"))];
  const said = messages.flatMap((message) => textAt(message, "Message") ?? []);
  const words = said.length > 0 ? said.join(" ") : (textAt(json, "error", "message") ?? plain(text));
  return {
    status,
    ids: codes.flatMap((code) => code?.split(".").at(-1) ?? []),
    words: words.slice(0, WORDS_MAX),
    text,
  };
}

/** `400 PropertyNotWritable: The property …` */
export function errorWords({ status, ids, words }: RedfishError): string {
  const id = ids.find((each) => each !== "GeneralError");
  return [`${status}${id === undefined ? "" : ` ${id}`}`, words].filter(Boolean).join(": ");
}

/** It has something else to do just now, and will listen later. */
export function isBusy({ ids, text }: RedfishError): boolean {
  return ids.some((id) => BUSY.has(id)) || /SYS518|is not ready/i.test(text);
}

const BUSY: ReadonlySet<string> = new Set([
  "UnableToModifyDuringSystemPOST",
  "InvalidOperationForSystemState",
  "ActionParameterValueConflict",
  "ServiceTemporarilyUnavailable",
  "ResourceInUse",
]);

const WORDS_MAX = 500;

/** HTML and the like, as one line. */
function plain(text: string): string {
  return text
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}
