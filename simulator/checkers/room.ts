import type { Checker } from "./evidence.ts";

/** On a full disk clips go before messages: none is refused while there is a complete clip. */
export const room: Checker = {
  name: "room",
  check({ refusedBesideClips }) {
    return refusedBesideClips.map(
      ({ id, clips }) => `a full disk refused ${id} beside ${clips.length} clips, ${clips[0]} the first`,
    );
  },
};
