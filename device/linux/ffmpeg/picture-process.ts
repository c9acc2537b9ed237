import process from "node:process";
import sharp from "sharp";
import type { PictureAnswer, PictureRequestMessage } from "./picture-messages.ts";
import { encodePreview } from "./preview.ts";
import { drawScene } from "./scene-drawing.ts";

/** The child process that holds sharp and its memory. It ends when its parent lets go of it. */
sharp.concurrency(1);
sharp.cache(false);
process.on("message", (message) => {
  // Only our own parent writes to this channel.
  const request = message as PictureRequestMessage;
  answer(request).then(send, (error: unknown) =>
    send({ id: request.id, kind: "failed", reason: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function answer(request: PictureRequestMessage): Promise<PictureAnswer> {
  switch (request.kind) {
    case "ready":
      await encodePreview({ rgb: new Uint8Array(48), widthPx: 4, heightPx: 4, maxBytes: 4_000 });
      return { id: request.id, kind: "done" };
    case "preview":
      return { id: request.id, kind: "preview", ...(await encodePreview(request)) };
    case "scene":
      await drawScene(request.folder, request.widthPx, request.heightPx);
      return { id: request.id, kind: "done" };
  }
}

function send(message: PictureAnswer): void {
  process.send?.(message);
}
