import { type Checker, type Evidence, overlap, type PowerOn } from "./evidence.ts";

/** A turn of the agent, and the time until a line that comes back is believed. */
const SOON_MS = 5;
const BELIEVED_AFTER_MS = 5_000;

/**
 * The light tells the truth: it shows that the bell rang, from that moment for as long as it is set; a button that
 * cannot be read is a fault; and where there is neither that nor a camera there is none, and nothing is recorded.
 */
export const light: Checker = {
  name: "light",
  check(evidence) {
    return evidence.powerOns.flatMap((powerOn) => [
      ...ringing(evidence, powerOn),
      ...lineLost(evidence, powerOn),
      ...falseAlarms(evidence, powerOn),
    ]);
  },
};

type Shown = Evidence["lights"][number];

function shownIn({ lights }: Evidence, powerOn: PowerOn): Shown[] {
  return lights.filter((one) => one.powerOn === powerOn.number);
}

/** What it shows at this moment, after all that changed in it. */
function at(shown: readonly Shown[], ms: number): string {
  return shown.findLast(({ atMs }) => atMs <= ms)?.pattern ?? "off";
}

function ringing(evidence: Evidence, powerOn: PowerOn): string[] {
  const shown = shownIn(evidence, powerOn);
  const { ringingMs } = evidence.settings.light;
  const endMs = powerOn.toMs ?? Number.POSITIVE_INFINITY;
  return powerOn.ringsMs.flatMap((ringMs) => {
    const untilMs = Math.min(ringMs + ringingMs - SOON_MS, endMs - 1);
    const stopped = shown.find(
      ({ atMs, pattern }) => ringMs < atMs && atMs < untilMs && pattern !== "ringing",
    );
    if (ringMs >= endMs - 1) return [];
    if (at(shown, ringMs) !== "ringing") return [`it rang at ${ringMs} and the light did not show it`];
    return stopped ? [`it rang at ${ringMs} and the light showed ${stopped.pattern} at ${stopped.atMs}`] : [];
  });
}

function lineLost(evidence: Evidence, powerOn: PowerOn): string[] {
  const shown = shownIn(evidence, powerOn);
  const wrong: string[] = [];
  for (const trouble of evidence.buttonTroubles) {
    const fromMs = Math.max(trouble.fromMs, powerOn.fromMs) + SOON_MS;
    const toMs = Math.min(trouble.toMs ?? fromMs, powerOn.toMs ?? Number.POSITIVE_INFINITY) - SOON_MS;
    if (!trouble.lost || fromMs >= toMs) continue;
    const during = shown.filter(({ atMs }) => fromMs < atMs && atMs < toMs).map(({ pattern }) => pattern);
    for (const pattern of [at(shown, fromMs), ...during]) {
      if (pattern !== "fault" && pattern !== "ringing")
        wrong.push(`the button could not be read from ${fromMs} on and the light showed ${pattern}`);
    }
  }
  return wrong;
}

function falseAlarms(evidence: Evidence, powerOn: PowerOn): string[] {
  if (evidence.settings.camera.source !== "none") return [];
  return shownIn(evidence, powerOn)
    .filter(({ pattern }) => pattern === "fault" || pattern === "recording")
    .filter(({ atMs, pattern }) => {
      const moment = { fromMs: atMs - BELIEVED_AFTER_MS, toMs: atMs };
      return (
        pattern === "recording" ||
        !evidence.buttonTroubles.some((trouble) => trouble.lost && overlap(trouble, moment))
      );
    })
    .map(({ atMs, pattern }) => `the light showed ${pattern} at ${atMs}, without a camera`);
}
