import type { Settings } from "../contract/settings.ts";

/**
 * The settings as the core knows them: without names, files and queries that are a secret or lead to one. What the
 * core says goes to a broker, a log or a journal, and these are for the adapters alone.
 */
export function withoutSecrets(settings: Settings): Settings {
  const { broker, camera } = settings;
  return {
    ...settings,
    broker: { ...broker, username: "", passwordFile: "", keyFile: "" },
    // What follows `?` in a camera's address is its own business, and often a password.
    camera: { ...camera, username: "", passwordFile: "", source: withoutQuery(camera.source) },
  };
}

function withoutQuery(source: string): string {
  return source.startsWith("rtsp://") ? source.replace(/[?#].*$/, "") : source;
}
