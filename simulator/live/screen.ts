import { createLogUpdate } from "log-update";
import type { Feed } from "./feed.ts";
import { type Command, commandsOfKeys } from "./keys.ts";
import type { LiveModel } from "./model.ts";
import { reduce } from "./reduce.ts";
import { view } from "./view.ts";

const ENTER_ALTERNATE_SCREEN = "\u001b[?1049h";
const LEAVE_ALTERNATE_SCREEN = "\u001b[?1049l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR = "\u001b[2J\u001b[H";
/** Clocks and bars move on although nothing happens. */
const REDRAW_MS = 200;
/** What happens within a frame is drawn together. */
const FRAME_MS = 33;

/**
 * The terminal for as long as a live run lasts: draws the model on a screen of its own and reads keys. `close` gives
 * the terminal back as it was; so does the end of the process, whatever ends it.
 */
export class Screen {
  readonly #output: NodeJS.WriteStream;
  readonly #input: NodeJS.ReadStream;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #stopListening: () => void;
  readonly #redraw: NodeJS.Timeout;
  #model: LiveModel;
  #frame: NodeJS.Timeout | null = null;
  #isOpen = true;

  constructor(options: {
    feed: Feed;
    model: LiveModel;
    output: NodeJS.WriteStream;
    input: NodeJS.ReadStream;
    command: (command: Command) => void;
  }) {
    this.#model = options.model;
    this.#output = options.output;
    this.#input = options.input;
    this.#output.write(ENTER_ALTERNATE_SCREEN + CLEAR);
    this.#draw = createLogUpdate(this.#output);
    this.#stopListening = options.feed.listen((happening) => {
      this.#model = reduce(this.#model, happening);
      this.#drawSoon();
    });
    this.#redraw = setInterval(() => this.#tick(), REDRAW_MS);
    this.#output.on("resize", this.#resized);
    process.on("exit", this.close);
    if (this.#input.isTTY) {
      this.#input.setRawMode(true);
      this.#input.setEncoding("utf8");
      this.#input.on("data", (keys) => commandsOfKeys(String(keys)).forEach(options.command));
    }
    this.#drawNow();
  }

  readonly close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopListening();
    clearInterval(this.#redraw);
    clearTimeout(this.#frame ?? undefined);
    this.#output.off("resize", this.#resized);
    process.off("exit", this.close);
    if (this.#input.isTTY) {
      this.#input.setRawMode(false);
      this.#input.removeAllListeners("data");
      this.#input.pause();
    }
    this.#draw.done();
    this.#output.write(SHOW_CURSOR + LEAVE_ALTERNATE_SCREEN);
  };

  readonly #resized = (): void => {
    this.#draw.clear();
    this.#output.write(CLEAR);
    this.#drawNow();
  };

  #tick(): void {
    this.#model = { ...this.#model, nowMs: performance.now(), utcMs: Date.now() };
    this.#drawNow();
  }

  #drawSoon(): void {
    this.#frame ??= setTimeout(() => this.#drawNow(), FRAME_MS);
  }

  #drawNow(): void {
    clearTimeout(this.#frame ?? undefined);
    this.#frame = null;
    const { columns, rows } = this.#output;
    // The line after the last one belongs to the cursor.
    this.#draw(view(this.#model, columns, rows - 1));
  }
}
