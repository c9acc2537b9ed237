import { CompactSign, exportJWK, generateKeyPair } from "jose";
import { OwnerVault } from "../../agent/vault/owner-vault.ts";
import { SimulatedVault, sealedBy } from "../../simulator/hardware/vault.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { until } from "../fixtures/until.ts";
import { vaultSuite } from "./vault.ts";

vaultSuite("an Ed25519 key", async () => {
  const clock = { monotonicMs: () => Math.round(performance.now()) };
  const [owner, stranger] = await Promise.all([generateKeyPair("EdDSA"), generateKeyPair("EdDSA")]);
  const signer = (key: typeof owner.privateKey) => (payload: string, typ: string) =>
    new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: "EdDSA", typ }).sign(key);
  return {
    vault: new OwnerVault((await exportJWK(owner.publicKey)).x ?? "", clock),
    ownerless: new OwnerVault("", clock),
    sign: signer(owner.privateKey),
    forge: signer(stranger.privateKey),
    until,
  };
});

vaultSuite("simulated", async () => {
  const world = new World(7);
  const time = new PoweredTime(world);
  return {
    vault: new SimulatedVault(time, "owner"),
    ownerless: new SimulatedVault(time, ""),
    sign: async (payload, type) => sealedBy("owner", payload, type),
    forge: async (payload, type) => sealedBy("stranger", payload, type),
    until: async (met, what) => {
      world.runUntil(world.nowMs + 1_000);
      if (!met()) throw new Error(what);
    },
  };
});
