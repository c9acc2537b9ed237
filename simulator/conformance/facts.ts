import type { Expectation, Stage } from "./stage.ts";

/**
 * It rang once for each of `ids`, for none of `never`, which says why not, and for nothing else; for those of `may` it
 * may have rung.
 */
export function rang(
  stage: Stage,
  ids: readonly string[],
  { never = {}, may = [] }: { never?: Record<string, string>; may?: readonly string[] } = {},
): Expectation {
  return stage.knows("rangFor", (heard) => {
    for (const id of heard) {
      if (never[id] !== undefined) return `rang for ${id}, ${never[id]}`;
      if (!ids.includes(id) && !may.includes(id)) return `rang for ${id}, which nobody pressed`;
    }
    for (const id of [...ids, ...may]) {
      const times = heard.filter((one) => one === id).length;
      if (times === 0 && ids.includes(id)) return `did not ring for ${id}`;
      if (times > 1) return `rang ${times} times for ${id}`;
    }
    return null;
  });
}

/** So many presses have been made. */
export function counted(stage: Stage, presses: number): Expectation {
  return stage.knows("presses", (found) =>
    found === presses ? null : `counted ${found} presses, not ${presses}`,
  );
}

/** These presses are missing, and no others. */
export function missing(
  stage: Stage,
  gaps: readonly { epoch: string; from: number; to: number }[],
): Expectation {
  const inWords = ({ epoch, from, to }: { epoch: string; from: number; to: number }) =>
    from === to ? `${epoch}-p${from}` : `${epoch}-p${from} to ${to}`;
  return stage.knows("gaps", (found) => {
    const presses = found.filter(({ lane }) => lane === "press").map(inWords);
    const unseen = gaps.map(inWords).find((gap) => !presses.includes(gap));
    if (unseen !== undefined) return `does not know that ${unseen} is missing`;
    const untrue = presses.find((gap) => !gaps.map(inWords).includes(gap));
    return untrue === undefined ? null : `takes ${untrue} for missing, which is not`;
  });
}

/** The doorbell is connected, or is not: `because` says why. */
export function online(stage: Stage, isOnline: boolean, because: string): Expectation {
  return stage.knows("online", (found) =>
    found === isOnline ? null : `takes the doorbell for ${found ? "online" : "offline"}, though ${because}`,
  );
}

/** It has exactly these clips. */
export function clips(
  stage: Stage,
  expected: readonly { clipId: string; sha256: string; whole: boolean }[],
  because = "which is not a clip that has come",
): Expectation {
  return stage.knows("clips", (found) => {
    for (const clip of expected) {
      const here = found.filter(({ clipId }) => clipId === clip.clipId);
      if (here.length === 0) return `does not have clip ${clip.clipId}`;
      if (here.length > 1) return `has clip ${clip.clipId} ${here.length} times`;
      if (here[0]?.sha256 !== clip.sha256) return `has other bytes of clip ${clip.clipId} than were recorded`;
      if (here[0]?.whole !== clip.whole)
        return `takes clip ${clip.clipId} for ${clip.whole ? "partial, which is whole" : "whole, which is partial"}`;
    }
    const extra = found.find(({ clipId }) => !expected.some((clip) => clip.clipId === clipId));
    return extra ? `has clip ${extra.clipId}, ${because}` : null;
  });
}
