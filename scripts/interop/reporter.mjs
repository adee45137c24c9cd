// One line of JSON for each test that ended, for `scripts/interop.ts`. Node loads a reporter before it can read TypeScript.
export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    yield `${JSON.stringify({ name: data.name, passed: type === "test:pass" })}\n`;
  }
}
