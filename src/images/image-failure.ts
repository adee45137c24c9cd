/**
 * Why an image could not be added, checked or removed.
 * `unusable`: what was given is no ISO, is damaged, or holds nothing that bootqueue can boot.
 * `refused`: it is not to be done now, or this machine cannot do it. `unknown`: there is no such image.
 * `aborted`: somebody stopped it.
 */
export type ImageFailureType = "unusable" | "refused" | "unknown" | "aborted";

/** Ends what was begun; everything half-made is gone when it arrives. */
export class ImageFailure extends Error {
  readonly type: ImageFailureType;
  /** What to do about it; empty: the message says it. */
  readonly hint: string;

  constructor(type: ImageFailureType, message: string, hint = "") {
    super(message);
    this.type = type;
    this.hint = hint;
  }
}
