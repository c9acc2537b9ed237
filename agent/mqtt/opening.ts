import type { ClockReading } from "../../device/ports/clock.ts";
import { hostOf, placeOf } from "./client-options.ts";
import type { Handshake } from "./handshake.ts";
import { type Ending, endingOfError, isReset } from "./reasons.ts";
import { usesTls } from "./secrets.ts";
import type { TlsFiles, TlsSettings } from "./tls-files.ts";
import { endingOfHandshake } from "./tls-words.ts";

/** An attempt to connect that has not come to a CONNACK. */
export interface Opening {
  url: string;
  seen: Handshake;
  settings: TlsSettings;
  /** Null where there is no TLS, or it was not read yet. */
  files: TlsFiles | null;
  clock: ClockReading;
}

/** How an attempt ended; `detail` is what `describeError` made of the error. Null for a broker that just closed. */
export function endingOfOpening(opening: Opening, error: { it: unknown; detail: string } | null): Ending {
  const { url, seen, settings, files, clock } = opening;
  const where = placeOf(url);
  if (seen.answersInTls) {
    const scheme = /^ws:/i.test(url) ? "wss" : "mqtts";
    return {
      cause: "refused",
      detail: `${where}: what answers there is TLS: use ${scheme}:// in broker.urls`,
    };
  }
  if (!error) {
    const detail = `${where} closed the connection before it was ready${hint(opening)}`;
    return { cause: "unreachable", detail };
  }
  const ending =
    files && endingOfHandshake(where, error.it, { settings, files, seen, clock, host: hostOf(url) });
  if (ending) return ending;
  if (isReset(error.it)) {
    const detail = `${where}: the connection was reset before it was ready${hint(opening)}`;
    return { cause: "unreachable", detail };
  }
  if (isNoHttp(error.it)) {
    const detail = `${where}: what answers there is no websocket: use that port in broker.urls`;
    return { cause: "refused", detail };
  }
  return endingOfError(where, error.it, error.detail, true);
}

/** Node's HTTP parser could make nothing of the answer. */
function isNoHttp(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("HPE_");
}

/** A broker may also be just ending: this is for the operator of one that goes on to do so. */
function hint({ url, seen, settings }: Opening): string {
  const orNoWebsocket = /^wss?:/i.test(url) ? ", or none for websockets" : "";
  if (!usesTls(url)) return `: if it goes on, that port may be one for TLS${orNoWebsocket}`;
  if (!seen.secured)
    return `, in the TLS handshake: if it goes on, that port may be one without TLS${orNoWebsocket}`;
  const certificate =
    settings.certFile === ""
      ? "it may want a client certificate (broker.certFile)"
      : "it may not take the one in broker.certFile: its log says why";
  return `, after the TLS handshake: if it goes on, ${orNoWebsocket && "that port may be none for websockets, or "}${certificate}`;
}
