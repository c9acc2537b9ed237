import type { Checker } from "./evidence.ts";

/** No id ever stands for two contents, and no place in a sequence for two ids. */
export const content: Checker = {
  name: "content",
  check({ attempts, outbox }) {
    const wrong: string[] = [];
    const bodies = new Map<string, string>();
    const places = new Map<string, string>();
    const see = (id: string, place: string, body: string) => {
      const before = bodies.get(id) ?? body;
      bodies.set(id, before);
      if (before !== body) wrong.push(`${id} has two contents: ${before} and ${body}`);
      const owner = places.get(place) ?? id;
      places.set(place, owner);
      if (owner !== id) wrong.push(`${place} is both ${owner} and ${id}`);
    };
    for (const { event, message } of attempts) {
      if (event) see(event.id, `${event.epoch}/${event.lane}/${event.sequence}`, message.text ?? "");
    }
    for (const row of outbox) see(row.id, `${row.epoch}/${row.lane}/${row.sequence}`, row.body);
    return wrong;
  },
};
