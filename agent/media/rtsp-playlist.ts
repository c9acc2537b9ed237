import type { FfmpegVersion } from "./ffmpeg-version.ts";

/** How to reach an RTSP camera. */
export interface RtspCamera {
  /** `rtsp://` and a host, without a user name or password. */
  address: string;
  transport: "tcp" | "udp";
  username: string;
  password: string;
}

/**
 * What ffmpeg's `concat` demuxer is given on its standard input instead of an address in its argument list, which
 * every user of the machine can read. From ffmpeg 5 on it takes options; before, RTSP's transport stood in the query.
 */
export function rtspPlaylist(camera: RtspCamera, version: FfmpegVersion): string {
  const { transport } = camera;
  if (version.major >= 5)
    return `ffconcat version 1.0\nfile ${quoted(withCredentials(camera))}\noption rtsp_transport ${transport}\n`;
  const address = withCredentials(camera);
  return `ffconcat version 1.0\nfile ${quoted(`${address}${address.includes("?") ? "&" : "?"}${transport}`)}\n`;
}

/** The camera's address as it may be shown: what follows `?` may hold a secret. */
export function shownAddress(address: string): string {
  return address.replace(/[?#].*$/, "");
}

/** What is to be struck out of somebody's words: the password as it is and as an address has it, and the query. */
export function secretsOf({ address, password }: Pick<RtspCamera, "address" | "password">): string[] {
  const query = address.slice(shownAddress(address).length);
  return [password, encodeURIComponent(password), query].filter((secret) => secret !== "");
}

function withCredentials({ address, username, password }: RtspCamera): string {
  if (username === "") return address;
  const credentials = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
  return address.replace(/^rtsp:\/\//, `rtsp://${credentials}@`);
}

/** ffmpeg-utils, "Quoting and escaping": between single quotes only the quote itself is special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
