import { randomBytes } from "node:crypto";
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { beforeAll, expect, it } from "vitest";
import { OWNER_CONFIGURATION_TYPE } from "../../../agent/contract/configuration.ts";
import { signConfiguration } from "../../../agent/owner/key.ts";
import { OwnerVault } from "../../../agent/vault/owner-vault.ts";
import type { ConfigurationRecord } from "../../../device/ports/configuration-store.ts";
import type { VaultInput } from "../../../device/ports/vault.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const TIMES = 1_000;
const MASKS = { privacy: { masks: ["0,0 250,0 250,400 0,400"] } };
const NO_MASKS = { privacy: { masks: [] } };

let owner: JWK;
let stranger: JWK;
/** The owner's newest word, with counter 2,000, and older ones. */
let newest: string;
let older: string[];

const wordOf = (key: JWK, counter: number, settings: object, deviceId = "front-door") =>
  signConfiguration(key, {
    deviceId,
    counter,
    issuedAt: "2026-01-01T00:00:00Z",
    settings: settings as typeof MASKS,
  });

beforeAll(async () => {
  const make = async () =>
    exportJWK((await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true })).privateKey);
  [owner, stranger] = await Promise.all([make(), make()]);
  newest = await wordOf(owner, 2_000, MASKS);
  older = await Promise.all(Array.from({ length: TIMES }, (_, at) => wordOf(owner, 1_000 + at, NO_MASKS)));
}, 30_000);

/** A doorbell with the owner's masks in force, and the real vault. */
function doorbell() {
  const desk = new DoorbellOnADesk({ owner: { publicKey: owner.x ?? "" } });
  const record: ConfigurationRecord = {
    inForce: { version: 1, settings: {}, ownerSettings: MASKS },
    trial: null,
    rolledBack: null,
    ownerCounter: 2_000,
  };
  desk.input({
    type: "agent.started",
    occurredAt: desk.now,
    epoch: "00000000000000aa",
    seed: 7,
    utcMs: 1_700_000_000_000,
    trust: "synced",
    mode: "normal",
    version: "0.0.0",
    configuration: { record: structuredClone(record) },
  });
  desk.openStore().connect().ackAll();
  const vault = new OwnerVault(owner.x ?? "", { monotonicMs: () => desk.now });
  let answered: (input: VaultInput) => void = () => undefined;
  vault.start((input) => answered(input));
  let version = 1;
  return {
    desk,
    record,
    /** What the doorbell says of this word in a desired configuration that is newer than any before. */
    async hears(jws: string): Promise<string> {
      version += 1;
      desk.actions.length = 0;
      desk.message("config/desired", JSON.stringify({ version, settings: {}, owner: jws }), true);
      for (const { request, jws: asked, signedType } of desk.all("vault.verify")) {
        const answer = new Promise<VaultInput>((resolve) => {
          answered = resolve;
        });
        vault.verify(request, asked, signedType);
        desk.input(await answer);
      }
      const taken = desk.all("configuration.check").length + desk.all("configuration.save").length;
      desk.ackAll();
      if (taken > 0) return "taken";
      expect(desk.state.configuration.answer).toMatchObject({ version, state: "refused" });
      expect(desk.state.configuration.record).toEqual(record);
      return desk.state.configuration.answer?.refusals[0]?.reason ?? "";
    },
  };
}

it("takes the owner's next word", async () => {
  expect(await doorbell().hears(await wordOf(owner, 2_001, NO_MASKS))).toBe("taken");
});

it(`takes none of ${TIMES} that a stranger forged`, async () => {
  const { hears } = doorbell();
  const publicJwk = { kty: "OKP", crv: "Ed25519", x: stranger.x ?? "" };
  const payload = { deviceId: "front-door", counter: 9_000, issuedAt: "", settings: NO_MASKS };
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  const [header, body, signature] = (await wordOf(stranger, 9_000, NO_MASKS)).split(".");
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const typ = OWNER_CONFIGURATION_TYPE;
  const secret = Buffer.from(owner.x ?? "", "base64url");
  const tricks = [
    // Signed with the wrong key, or with the right one for something else.
    `${header}.${body}.${signature}`,
    await new CompactSign(bytes).setProtectedHeader({ alg: "EdDSA", typ: "JWT" }).sign(owner),
    await new CompactSign(bytes).setProtectedHeader({ alg: "EdDSA" }).sign(owner),
    await wordOf(owner, 9_000, NO_MASKS, "back-door"),
    // The public key as the secret of another algorithm, no algorithm at all, the message's own key.
    await new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ }).sign(secret),
    `${encoded({ alg: "none", typ })}.${body}.`,
    `${encoded({ alg: "none", typ })}.${body}.${signature}`,
    `${encoded({ alg: "EdDSA", typ, jwk: publicJwk })}.${body}.${signature}`,
    await new CompactSign(bytes).setProtectedHeader({ alg: "EdDSA", typ, jwk: publicJwk }).sign(stranger),
    await new CompactSign(bytes).setProtectedHeader({ alg: "EdDSA", typ, kid: "1" }).sign(owner),
    `${encoded({ alg: "EdDSA", typ, crit: ["b64"], b64: false })}.${body}.${signature}`,
    `${encoded({ alg: "EdDSA", typ, crit: ["x"], x: 1 })}.${body}.${signature}`,
    `${encoded({ alg: "ES256", typ })}.${body}.${signature}`,
    `${header}.${body}.`,
    `${header}..${signature}`,
    ".".repeat(2),
    JSON.stringify({ payload: body, protected: header, signature }),
  ];
  for (let time = 0; time < TIMES; time += 1) {
    const random = `${header}.${body}.${randomBytes(64).toString("base64url")}`;
    expect(await hears(tricks[time] ?? random)).not.toBe("taken");
  }
});

it(`takes none of ${TIMES} that were altered by one character`, async () => {
  const { hears } = doorbell();
  const word = await wordOf(owner, 2_001, NO_MASKS);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n+";
  for (let time = 0; time < TIMES; time += 1) {
    // Every place in turn, the last one (with its unused bits) among them.
    const at = word.length - 1 - (time % word.length);
    const old = alphabet.indexOf(word[at] ?? "");
    const other = alphabet[(old + 1 + (time % (alphabet.length - 1))) % alphabet.length] ?? "A";
    expect(await hears(word.slice(0, at) + other + word.slice(at + 1)), `at ${at}: ${other}`).not.toBe(
      "taken",
    );
  }
});

it(`takes none of ${TIMES} old words of the owner again`, async () => {
  const { hears } = doorbell();
  for (const word of older) expect(await hears(word)).toMatch(/counter is 1\d\d\d, allowed: more than 2000/);
  expect(newest).not.toBe("");
});
