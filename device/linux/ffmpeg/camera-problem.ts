import type { CameraDown } from "../../ports/camera.ts";

/** Why a capture cannot begin or go on. The message is one line for a person; `fault` says who must act. */
export class CameraProblem extends Error {
  readonly fault: CameraDown["fault"];
  constructor(fault: CameraDown["fault"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
  override get name(): string {
    return "CameraProblem";
  }
}

/** What ffmpeg said last, on one line, without the addresses of its internals. */
export function lastWords(lines: readonly string[], count = 2): string {
  return lines
    .map((line) => line.replace(/^\[[^\]]*\]\s*/, "").trim())
    .filter((line) => line !== "")
    .slice(-count)
    .join("; ")
    .slice(0, 160);
}

/** Somebody's words, with addresses' user names and passwords struck out. */
export function withoutSecrets(words: string, secrets: readonly string[]): string {
  const withoutUsers = words.replaceAll(/rtsp:\/\/[^\s@'/]*@/g, "rtsp://");
  return secrets.reduce((text, secret) => text.replaceAll(secret, "…"), withoutUsers);
}
