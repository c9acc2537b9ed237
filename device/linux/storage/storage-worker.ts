import { parentPort, workerData } from "node:worker_threads";
import { ClipSpool } from "./clip-spool.ts";
import { CLIP_SCHEMA } from "./clip-table.ts";
import { emptyLog, type OpenFolder, openFolder } from "./database.ts";
import { DiskReserve } from "./disk-reserve.ts";
import type { FromWorker, StorageOptions, StoreRequest, ToWorker } from "./messages.ts";
import { Outbox } from "./outbox.ts";

/** Acknowledgements are written this long after they came, together. */
const FLUSH_MS = 1_000;

/**
 * The thread that holds the data folder. The outbox is served first and in groups; clips one request after the
 * other, with asynchronous file operations, so that a press never waits for a clip's bytes to reach the disk.
 * On a full disk clips give way to messages.
 */
function serve(port: NonNullable<typeof parentPort>, options: StorageOptions): void {
  let folder: OpenFolder | null = null;
  const reserve = new DiskReserve(options.folder, () => {
    if (folder) emptyLog(folder.database);
  });
  const source = {
    open: () => {
      folder ??= reserve.removing(() => openFolder(options.folder, CLIP_SCHEMA));
      return folder;
    },
  };
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const outbox = new Outbox(source, {
    removing: (work) => reserve.removing(work),
    spare: () => reserve.spare(),
    giveUp: () => spool.giveUpForMessages(),
  });
  const spool = new ClipSpool(options, source, reserve, {
    answer: (input, payloads) =>
      say(
        { from: "clips", input, payloads },
        payloads.map((piece) => piece.buffer),
      ),
    overflow: (clipId) => say({ from: "overflow", clipId }),
  });

  let waiting: StoreRequest[] = [];
  const commit = () => {
    const requests = waiting;
    waiting = [];
    for (const input of outbox.run(requests)) say({ from: "store", input });
  };

  const started = spool.start();
  let clips = started;
  const afterClips = (work: () => Promise<void> | void) => {
    clips = clips.then(work);
  };
  const flushing = setInterval(() => afterClips(() => spool.flush()), FLUSH_MS);

  port.on("message", (message: ToWorker) => {
    switch (message.to) {
      case "store":
        if (waiting.length === 0) setImmediate(commit);
        waiting.push(message.request);
        return;
      case "clips":
        afterClips(() => spool.handle(message.request));
        return;
      case "read":
        void started
          .then(() => spool.read(message.reference))
          .then((bytes) => {
            say({ from: "read", id: message.id, bytes }, bytes === "gone" ? [] : [bytes.buffer]);
          });
        return;
      case "stop":
        clearInterval(flushing);
        afterClips(async () => {
          await spool.flush();
          commit();
          folder?.close();
          port.close();
        });
    }
  });
}

if (!parentPort) throw new Error("the storage worker runs in a worker thread only");
serve(parentPort, workerData);
