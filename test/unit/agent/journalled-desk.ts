import type { Settings } from "../../../agent/contract/settings.ts";
import type { Action } from "../../../agent/core/actions.ts";
import type { AgentInput } from "../../../agent/core/inputs.ts";
import { type JournalOptions, JournalWriter } from "../../../agent/journal/journal-writer.ts";
import { DoorbellOnADesk } from "../core/doorbell-on-a-desk.ts";

export type Said = { level: "info" | "error"; message: string };

/** A doorbell on a desk that keeps a journal from its start on. */
export class JournalledDesk extends DoorbellOnADesk {
  readonly said: Said[] = [];
  readonly #writer: JournalWriter;
  inputs = 0;

  constructor(
    file: string,
    options: Partial<JournalOptions> = {},
    patch: { [S in keyof Settings]?: Partial<Settings[S]> } = {},
  ) {
    super(patch);
    const say = (level: Said["level"], message: string) => this.said.push({ level, message });
    this.#writer = new JournalWriter(
      { file, maxBytes: 1_000_000, version: "0.1.0", say, ...options },
      this.state,
    );
  }

  override input(input: AgentInput): Action[] {
    const whole = { ...input, now: this.now };
    try {
      const actions = super.input(input);
      this.inputs += 1;
      this.#writer.write(whole, actions, this.state);
      return actions;
    } catch (error) {
      this.#writer.crashed(whole, error);
      throw error;
    }
  }

  close(): void {
    this.#writer.close();
  }
}
