import { describe, expect, it } from "vitest";
import { hold } from "../../../simulator/virtual/hold.ts";
import { Strikes } from "../../../simulator/virtual/strikes.ts";

describe("what strikes", () => {
  it("counts once what is felt again and again, and nothing that nobody felt", () => {
    const strikes = new Strikes();
    strikes.felt("link.cut");
    const over = [strikes.begun("link.cut"), strikes.begun("link.slow")];
    strikes.felt("link.cut");
    strikes.felt("link.cut");
    for (const end of over) end();
    strikes.felt("link.slow");
    expect(strikes.counts).toEqual({ "link.cut": 1 });
  });

  it("reads from what an agent takes in which faults those were", () => {
    const strikes = new Strikes();
    for (const kind of ["disk.full", "disk.io", "spool.io", "camera.crash"] as const) strikes.begun(kind);
    const at = { occurredAt: 1, now: 1, detail: "" };
    strikes.saw({ type: "store.append-failed", ...at, lane: "press", sequence: 1, fault: "full" });
    strikes.saw({ type: "clip.spool-fault", ...at, fault: "io" });
    strikes.saw({ type: "camera.down", ...at, fault: "none", reason: "closed", seam: false });
    expect(strikes.counts).toEqual({ "disk.full": 1, "spool.io": 1 });
  });
});

describe("a property that several hold", () => {
  it("is what the newest of them wants, and in the end what it was", () => {
    const disk = { fault: "none" };
    const first = hold(disk, "fault", "full");
    const second = hold(disk, "fault", "io");
    expect(disk.fault).toBe("io");
    second();
    expect(disk.fault).toBe("full");
    const third = hold(disk, "fault", "read-only");
    first();
    expect(disk.fault).toBe("read-only");
    third();
    expect(disk.fault).toBe("none");
  });
});
