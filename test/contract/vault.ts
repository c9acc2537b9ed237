import { describe, expect, it, onTestFinished } from "vitest";
import type { Vault, VaultInput } from "../../device/ports/vault.ts";

/** A vault, and an owner who signs for it. */
export interface VaultWorld {
  vault: Vault;
  /** One that knows no owner. */
  ownerless: Vault;
  sign(payload: string, type: string): Promise<string>;
  /** Somebody else's. */
  forge(payload: string, type: string): Promise<string>;
  until(met: () => boolean, what: string): Promise<void>;
}

const TYPE = "porchlight-test+jws";

/** What every `Vault` promises. */
export function vaultSuite(name: string, make: () => Promise<VaultWorld>): void {
  describe(`vault: ${name}`, () => {
    async function begin(which: "vault" | "ownerless" = "vault") {
      const world = await make();
      const vault = world[which];
      const answers: VaultInput[] = [];
      vault.start((input) => answers.push(input));
      onTestFinished(() => vault.stop());
      const ask = async (...jws: string[]) => {
        const before = answers.length;
        for (const [at, one] of jws.entries()) vault.verify(before + at + 1, one, TYPE);
        await world.until(() => answers.length === before + jws.length, "every answer");
        return answers.slice(before);
      };
      return { ...world, vault, answers, ask };
    }

    it("tells what the owner signed", async () => {
      const { ask, sign } = await begin();
      const payload = '{"a":"é","b":[1]}';
      expect(await ask(await sign(payload, TYPE))).toMatchObject([
        { type: "vault.verified", request: 1, payload },
      ]);
    });

    it("refuses another's signature, another type, and what is no signature", async () => {
      const { ask, sign, forge } = await begin();
      const word = await sign("{}", TYPE);
      const parts = word.split(".");
      const bad = [
        await forge("{}", TYPE),
        await sign("{}", "porchlight-other+jws"),
        "",
        "a.b.c",
        parts.slice(0, 2).join("."),
        `${word}.x`,
        [parts[0], Buffer.from("{ }").toString("base64url"), parts[2]].join("."),
        ` ${word}`,
      ];
      for (const answer of await ask(...bad)) {
        expect(answer).toMatchObject({ type: "vault.refused", reason: expect.stringMatching(/./) });
      }
    });

    it("answers in the order of the questions", async () => {
      const { ask, sign, forge } = await begin();
      const [good, bad] = [await sign("{}", TYPE), await forge("{}", TYPE)];
      const answers = await ask(good, bad, "x", good);
      expect(answers.map(({ request }) => request)).toEqual([1, 2, 3, 4]);
      expect(answers.map(({ type }) => type === "vault.verified")).toEqual([true, false, false, true]);
    });

    it("takes nobody's word without an owner", async () => {
      const { ask, sign } = await begin("ownerless");
      expect(await ask(await sign("{}", TYPE))).toMatchObject([{ type: "vault.refused" }]);
    });

    it("posts nothing after stop", async () => {
      const { vault, answers, sign } = await begin();
      vault.verify(1, await sign("{}", TYPE), TYPE);
      await vault.stop();
      const heard = answers.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(answers).toHaveLength(heard);
    });
  });
}
