import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { API_ROUTES, openApiDocument } from "../../src/http/operator-openapi.ts";
import { renderApiReference } from "../../src/http/operator-reference.ts";
import { operatorBench } from "../support/operator-bench.ts";

describe("the API's description", () => {
  test("names every route that there is, and no other", async () => {
    const { app } = await operatorBench();
    const served = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    const described = API_ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    assert.deepEqual([...new Set(served)].sort(), [...described].sort());
  });

  test("is OpenAPI 3.1 in which every reference leads somewhere", () => {
    const document = openApiDocument("1.2.3");
    assert.equal(document.openapi, "3.1.0");
    const text = JSON.stringify(document);
    const { schemas } = document.components as { schemas: Record<string, unknown> };
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w*)"/g)].map(([, name = ""]) => name);
    assert.ok(references.length > 30);
    assert.deepEqual(
      references.filter((name) => !(name in schemas)),
      [],
    );
    assert.doesNotMatch(text, /"\$id"|"\$schema"|\$defs/);
  });

  test("is served as JSON", async () => {
    const { app } = await operatorBench({ trusted: true });
    const response = await app.request("/api/openapi.json");
    assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(openApiDocument("1.2.3"))));
  });

  test("is what docs/reference/api.md says; UPDATE_GOLDEN=1 writes it anew", async () => {
    const path = new URL("../../docs/reference/api.md", import.meta.url);
    if (process.env.UPDATE_GOLDEN === "1") await writeFile(path, renderApiReference());
    assert.equal(renderApiReference(), await readFile(path, "utf8"));
  });
});
