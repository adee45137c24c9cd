/** Ends a `switch` over a union: the compiler complains here as soon as a member has no case. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
