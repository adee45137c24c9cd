// What needs xorriso is in test/interop/images.test.ts.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { addImage } from "../../src/images/add-image.ts";
import { newAssetsFolder } from "../support/shelved-image.ts";

test("addImage() says what is missing before it begins", async (t) => {
  const assets = await newAssetsFolder(t);
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = "/nonexistent";
  const order = {
    assets,
    from: "-",
    stdin: Readable.from([]),
    sha256: null,
    name: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    now: () => 0,
  };
  await assert.rejects(addImage(order), {
    type: "refused",
    message: "ISOs are read with xorriso, which is not installed",
    hint: "apt-get install xorriso",
  });
});
