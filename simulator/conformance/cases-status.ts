import { online } from "./facts.ts";
import type { ConformanceCase } from "./stage.ts";

/** Whether a doorbell is there. */
export const STATUS_CASES: ConformanceCase[] = [
  {
    name: "clean-stop",
    plays: "a doorbell starts, and stops as it should",
    expects: "online; then no longer",
    async play(stage) {
      const door = stage.door();
      door.start();
      await stage.play(door.published());
      await stage.expect(online(stage, true, "its status says `online`"));
      door.stop();
      await stage.play(door.published());
      await stage.expect(online(stage, false, "its status says `stopped`"));
    },
  },
  {
    name: "will",
    plays: "the doorbell's connection is cut, and the broker publishes its will",
    expects: "online; then no longer",
    async play(stage) {
      const door = stage.door();
      door.start();
      const connection = await stage.connect("a", door.will);
      await stage.play(door.published());
      await stage.expect(online(stage, true, "its status says `online`"));
      await connection.cut();
      await stage.sawStatus(door.will.text);
      await stage.expect(online(stage, false, "its connection was cut"));
    },
  },
  {
    name: "old-will",
    plays: "the doorbell has connected again when the broker finds that its connection before is dead",
    expects: "online: the will of an older connection never wins",
    async play(stage) {
      const door = stage.door();
      door.start();
      const { will } = door;
      const connection = await stage.connect("a", will);
      await stage.play(door.published());
      door.goOffline();
      door.goOnline();
      await stage.play(door.published());
      await connection.cut();
      await stage.sawStatus(will.text);
      await stage.expect(online(stage, true, "that will is of an older connection"));
    },
  },
  {
    name: "will-after-stop",
    plays: "a clean stop, a new start, and then the will of a connection of the epoch before",
    expects: "offline, then online: the will of an older epoch never wins",
    async play(stage) {
      const door = stage.door();
      door.start();
      const { will } = door;
      const connection = await stage.connect("a", will);
      door.goOffline();
      door.goOnline();
      door.stop();
      await stage.play(door.published());
      await stage.expect(online(stage, false, "its status says `stopped`"));
      door.start();
      await stage.play(door.published());
      await connection.cut();
      await stage.sawStatus(will.text);
      await stage.expect(online(stage, true, "that will is of the epoch before"));
    },
  },
  {
    name: "starts-anew",
    plays: "a doorbell whose store was corrupt counts its starts from 1 again",
    expects: "online, though its number of starts is smaller than before",
    async play(stage) {
      const door = stage.door({ beginsBeforeMs: 30_000 });
      door.start();
      door.cutPower();
      door.start();
      const { will } = door;
      const connection = await stage.connect("a", will);
      await stage.play(door.published());
      await connection.cut();
      await stage.sawStatus(will.text);
      await stage.expect(online(stage, false, "its connection was cut"));
      door.cutPower();
      door.disk.corrupt();
      door.start();
      await stage.play(door.published());
      await stage.expect(online(stage, true, "it has started again, on a new store"));
    },
  },
];
