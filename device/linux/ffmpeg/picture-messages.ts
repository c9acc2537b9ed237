/** What the process that holds sharp is asked to do. */
export type PictureRequest =
  /** Load everything that a preview needs. */
  | { kind: "ready" }
  /** Encode raw RGB pixels as a JPEG of at most `maxBytes`: less quality first, then less width. */
  | { kind: "preview"; rgb: Uint8Array; widthPx: number; heightPx: number; maxBytes: number }
  /** Draw the test scene for this size into a new folder. */
  | { kind: "scene"; folder: string; widthPx: number; heightPx: number };

export interface Preview {
  jpeg: Uint8Array;
  widthPx: number;
  heightPx: number;
}

export type PictureRequestMessage = PictureRequest & { id: number };

export type PictureAnswer =
  | { id: number; kind: "done" }
  | ({ id: number; kind: "preview" } & Preview)
  | { id: number; kind: "failed"; reason: string };
