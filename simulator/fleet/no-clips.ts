import type { Clock } from "../../device/ports/clock.ts";
import type {
  FragmentStore,
  FragmentStoreInput,
  PayloadReference,
  PayloadSource,
} from "../../device/ports/fragment-store.ts";

/** The store of clips of a doorbell without a camera: there never is one. */
export class NoClips implements FragmentStore {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #post: ((input: FragmentStoreInput) => void) | null = null;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  start(post: (input: FragmentStoreInput) => void): void {
    this.#post = post;
  }

  openClip({ clipId }: Parameters<FragmentStore["openClip"]>[0]): void {
    this.#tell({
      type: "clip.failed",
      occurredAt: this.#clock.monotonicMs(),
      clipId,
      reason: "there is no camera",
    });
  }

  closeClip(): void {}

  listSegments(clipId: string, fromIndex: number): void {
    const nothing = { clipId, fromIndex, segments: [], gone: true };
    this.#tell({ type: "clip.segments", occurredAt: this.#clock.monotonicMs(), ...nothing });
  }

  splitSegment({ clipId, index }: Parameters<FragmentStore["splitSegment"]>[0]): void {
    this.#tell({ type: "clip.parts", occurredAt: this.#clock.monotonicMs(), clipId, index, parts: [] });
  }

  listPending(): void {
    this.#tell({ type: "clip.pending", occurredAt: this.#clock.monotonicMs(), clips: [], total: 0 });
  }

  listClips({ request, before }: Parameters<FragmentStore["listClips"]>[0]): void {
    const found = before === null;
    const nothing = { request, clips: [], more: false, found };
    this.#tell({ type: "clip.listed", occurredAt: this.#clock.monotonicMs(), ...nothing });
  }

  requeueClip({ request, clipId }: Parameters<FragmentStore["requeueClip"]>[0]): void {
    const nothing = { request, clipId, outcome: "not-found" as const, bytes: 0, sha256: "" };
    this.#tell({ type: "clip.requeued", occurredAt: this.#clock.monotonicMs(), ...nothing });
  }

  deleteClip({ request, clipId }: Parameters<FragmentStore["deleteClip"]>[0]): void {
    const nothing = {
      request,
      clipId,
      outcome: "not-found" as const,
      eventId: "",
      bytes: 0,
      uploaded: false,
    };
    this.#tell({ type: "clip.deleted", occurredAt: this.#clock.monotonicMs(), ...nothing });
  }

  markAcked(): void {}
  markUploaded(): void {}
  markAnnounced(): void {}
  forgetStill(): void {}

  async stop(): Promise<void> {
    this.#post = null;
  }

  /** The runtime takes inputs in only after the call that led to them has returned. */
  #tell(input: FragmentStoreInput): void {
    this.#post?.(input);
  }
}

/** The bytes of no clip. */
export const noPayloads: PayloadSource = {
  async read(_reference: PayloadReference) {
    return "gone";
  },
};
