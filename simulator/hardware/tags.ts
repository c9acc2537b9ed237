import { hash } from "node:crypto";

/**
 * Stands for the SHA-256 of bytes that a virtual run never makes: a hash of what they are instead, such as
 * which clip's and which piece. Equal bytes have equal tags and others have others.
 */
export function tagOf(...facts: readonly (string | number)[]): string {
  const what = facts.join("/");
  const before = known.get(what);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const tag = hash("sha256", what);
  known.set(what, tag);
  return tag;
}

const MOST_KNOWN = 1_024;
/** A piece's tag is asked for when it is cut, when it is sent, and when it is judged. */
const known = new Map<string, string>();

const NOTHING = new Uint8Array(1_048_576);

/** `bytes` bytes of simulated footage: a view of one shared buffer, so that it takes no memory. At most 1 MiB. */
export function footage(bytes: number): Uint8Array {
  if (bytes > NOTHING.length) throw new RangeError(`no piece of footage has ${bytes} bytes`);
  return NOTHING.subarray(0, bytes);
}

/** ITU-T T.81, B.1.1.3: start of image, and the marker of what follows it. */
const JPEG_BEGINS = [0xff, 0xd8, 0xff];
const PICTURE = new Uint8Array(131_072);
PICTURE.set(JPEG_BEGINS);

/** `bytes` bytes that begin as a JPEG does and show nothing: a view of one shared buffer. At most 128 KiB. */
export function picture(bytes: number): Uint8Array {
  if (bytes > PICTURE.length) throw new RangeError(`no picture has ${bytes} bytes`);
  return PICTURE.subarray(0, bytes);
}
