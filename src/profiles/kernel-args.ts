import type { Problem } from "../std/problem.ts";

/** The words of several pieces of a kernel's command line, of which any may be empty, in one line. */
export function kernelLine(pieces: readonly string[]): string {
  return pieces.flatMap(kernelWords).join(" ");
}

/** A word of `kernel_args` that the kind sets by itself, if `own` finds one: of two, nobody can tell which counts. */
export function ownWordProblems(kernelArgs: string, own: RegExp): readonly Problem[] {
  const word = kernelWords(kernelArgs).find((each) => own.test(each));
  return word === undefined ? [] : [{ path: "kernel_args", message: `expected no ${word}: it is set already` }];
}

/** Of one piece; blanks at the ends are no words. */
export function kernelWords(piece: string): readonly string[] {
  return piece.split(/ +/).filter((word) => word !== "");
}
