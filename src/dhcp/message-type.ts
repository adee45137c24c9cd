import type { OptionCodec } from "./option-codec.ts";

/** The eight messages of RFC 2131, by their number in option 53 (RFC 2132 §9.6). */
export const MESSAGE_TYPES = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

export type MessageType = keyof typeof MESSAGE_TYPES;

/** Option 53. Later numbers (lease queries, FORCERENEW) are not for us and count as malformed. */
export const messageType: OptionCodec<MessageType> = {
  format: "message type, 1–8",
  decode: (bytes) => (bytes.length === 1 ? (NAMES[bytes[0] ?? 0] ?? null) : null),
  encode: (type) => Uint8Array.of(MESSAGE_TYPES[type]),
};

const NAMES: readonly (MessageType | undefined)[] = [
  undefined,
  "DISCOVER",
  "OFFER",
  "REQUEST",
  "DECLINE",
  "ACK",
  "NAK",
  "RELEASE",
  "INFORM",
];
