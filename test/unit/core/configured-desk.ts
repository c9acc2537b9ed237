import { createHash } from "node:crypto";
import type { ReportedConfiguration } from "../../../agent/contract/configuration.ts";
import type { ConfigurationAtStart } from "../../../agent/core/configuration.ts";
import type { ConfigurationProblem } from "../../../device/ports/configuration-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

/** A doorbell whose vault takes `word(payload)` for the owner's, and whose store always takes. */
export class ConfiguredDesk extends DoorbellOnADesk {
  problems: ConfigurationProblem[] = [];
  diskFails = false;
  #answered = 0;

  static override ready(
    patch: ConstructorParameters<typeof DoorbellOnADesk>[0] = {},
    atStart?: ConfigurationAtStart,
  ) {
    const desk = new ConfiguredDesk(patch);
    desk.input({
      type: "agent.started",
      occurredAt: desk.now,
      epoch: "00000000000000aa",
      seed: 7,
      utcMs: 1_700_000_000_000,
      trust: "synced",
      mode: "normal",
      version: "0.0.0",
      ...(atStart && { configuration: atStart }),
    });
    desk.openStore().connect();
    desk.settle();
    return desk;
  }

  /** The agent that a restart would start. */
  next(patch: ConstructorParameters<typeof DoorbellOnADesk>[0] = {}) {
    return ConfiguredDesk.ready(patch, { record: structuredClone(this.state.configuration.record) });
  }

  desire(desired: unknown) {
    return this.desireText(JSON.stringify(desired));
  }

  desireText(text: string | null) {
    this.message("config/desired", text, true);
    return this.settle();
  }

  /** Vault, store and broker answer until there is nothing more to answer. */
  settle() {
    for (; this.#answered < this.actions.length; this.#answered += 1) {
      const action = this.actions[this.#answered];
      const occurredAt = this.now;
      if (action?.type === "vault.verify") {
        const { request, jws } = action;
        const payload = payloadOf(jws);
        if (payload === null)
          this.input({
            type: "vault.refused",
            occurredAt,
            request,
            reason: "the signature is not the owner's",
          });
        else this.input({ type: "vault.verified", occurredAt, request, payload });
      }
      if (action?.type === "configuration.check")
        this.input({
          type: "configuration.checked",
          occurredAt,
          request: action.request,
          problems: this.problems,
        });
      if (action?.type === "configuration.save")
        this.input(
          this.diskFails
            ? { type: "configuration.save-failed", occurredAt, detail: "full" }
            : { type: "configuration.saved", occurredAt },
        );
      if (action?.type === "broker.publish" && this.state.uplink.phase === "connected")
        this.ack(action.token);
    }
    return this;
  }

  /** Of what was done so far. */
  forget() {
    this.actions.length = 0;
    this.#answered = 0;
  }

  get reports(): ReportedConfiguration[] {
    return this.published("/config/reported").map(({ message }) =>
      JSON.parse(message.payload.kind === "text" ? message.payload.text : ""),
    );
  }

  get reported(): ReportedConfiguration | undefined {
    return this.reports.at(-1);
  }

  get isOver(): boolean {
    return this.all("agent.ended").length > 0;
  }
}

export const tag = (payload: string) => createHash("sha256").update(`owner ${payload}`).digest("hex");
/** Their word: a tag stands for the signature. */
export const signed = (counter: number, settings: object, deviceId = "front-door") => {
  const payload = JSON.stringify({ deviceId, counter, issuedAt: "2026-01-01T00:00:00Z", settings });
  return `${Buffer.from(payload).toString("base64url")}.${tag(payload)}`;
};
function payloadOf(jws: string): string | null {
  const [body = "", mark] = jws.split(".");
  const payload = Buffer.from(body, "base64url").toString();
  return mark === tag(payload) ? payload : null;
}
