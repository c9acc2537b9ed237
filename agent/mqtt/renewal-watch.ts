import { loadTlsFiles, type TlsSettings } from "./tls-files.ts";

/**
 * Looks at the files of TLS now and then, and calls `renewed` once when they are others than those that a connection
 * was made with: whole, usable, and the same at two looks, so that nobody is still writing them. What cannot be used
 * changes nothing. Looking is surer than `fs.watch`, which loses sight of files that are replaced by a rename or stand
 * behind links.
 */
export class RenewalWatch {
  readonly #settings: TlsSettings;
  readonly #everyMs: number;
  readonly #renewed: () => void;
  readonly #used: string;
  #seen: string;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  /** `used` is the fingerprint of the files in use. */
  constructor(settings: TlsSettings, used: string, everyMs: number, renewed: () => void) {
    this.#settings = settings;
    this.#used = used;
    this.#seen = used;
    this.#everyMs = everyMs;
    this.#renewed = renewed;
    this.#lookLater();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      loadTlsFiles(this.#settings).then(
        ({ fingerprint }) => this.#look(fingerprint),
        () => this.#look(this.#used),
      );
    }, this.#everyMs);
  }

  #look(fingerprint: string): void {
    if (this.#stopped) return;
    if (fingerprint !== this.#used && fingerprint === this.#seen) {
      this.#renewed();
      return;
    }
    this.#seen = fingerprint;
    this.#lookLater();
  }
}
