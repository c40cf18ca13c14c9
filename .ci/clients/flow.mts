/** One flow through the API by the client that openapi-typescript makes. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Vm = components["schemas"]["Vm"];
type CreateVm = components["schemas"]["CreateVm"];

const web: CreateVm = {
  name: "web", region: "moscow_01", image: "debian-12", size: 1, cpu: 1, disk_size: 10,
};

async function flow(endpoint: string, authorization: string): Promise<Vm> {
  const client = createClient<paths>({ baseUrl: endpoint, headers: { authorization } });
  const create = (body: CreateVm) =>
    client.POST("/vms", { body, params: { header: { "Idempotency-Key": body.name } } });

  const first = await create(web);
  const again = await create(web);
  assert.equal(first.response.status, 202);
  assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");
  assert.equal(again.data?.vm.id, first.data?.vm.id);
  const id = first.data?.vm.id ?? assert.fail("it has an id");

  const path = { path: { id }, query: { wait: 30 } };
  const running = await client.GET("/vms/{id}", { params: path });
  assert.equal(running.data?.vm.status, "running");
  const snapshot = { type: "snapshot", name: "before" } as const;
  const action = await client.POST("/vms/{id}/actions", { params: { path: { id } }, body: snapshot });
  assert.equal(action.response.status, 201);
  const after = await client.GET("/vms/{id}", { params: path });
  const vm = after.data?.vm ?? assert.fail("it is there");
  assert.equal(vm.snapshot_ids.length, 1);

  const refused = await create({ ...web, name: "other", size: 0.3, cpu: 0 });
  assert.equal(refused.response.status, 422);
  const faults = refused.error?.fields?.map((fault) => fault.name).sort();
  assert.deepEqual(faults, ["cpu", "size"]);

  const gone = await client.DELETE("/vms/{id}", { params: { path: { id } } });
  assert.equal(gone.response.status, 204);
  return vm;
}

/** A status and a feature that this version doesn't have: the compiler takes them. */
function readsALaterVersion(vm: Vm): Vm {
  return { ...vm, status: "migrating", features: ["teleport"] };
}

const [binary] = process.argv.slice(2);
const command = ["serve", "--ephemeral", "--create-time", "10ms"];
const service = spawn(binary ?? assert.fail("name the binary"), command, {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const lines = createInterface(service.stdout);
  const { value: line } = await lines[Symbol.asyncIterator]().next();
  const ready = JSON.parse(line ?? assert.fail("it says nothing"));
  const credentials = Buffer.from(`${ready.email}:${ready.password}`).toString("base64");
  readsALaterVersion(await flow(ready.endpoint, `Basic ${credentials}`));
} finally {
  service.kill();
}
