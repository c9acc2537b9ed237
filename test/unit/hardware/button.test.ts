import { describe, expect, it } from "vitest";
import type { ButtonEdge, ButtonLineState } from "../../../device/ports/button-line.ts";
import { SimulatedButton } from "../../../simulator/hardware/button.ts";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

function begin() {
  const world = new World(1);
  const button = new SimulatedButton(new PoweredTime(world));
  const inputs: (ButtonEdge | ButtonLineState)[] = [];
  button.start((input) => inputs.push(input));
  const edges = () =>
    inputs.flatMap((input) =>
      input.type === "button.edge" ? [`${input.pressed ? "down" : "up"}@${input.occurredAt}`] : [],
    );
  return { world, button, inputs, edges };
}

describe("a simulated button", () => {
  it("is held as long as the finger holds it", () => {
    const { world, button, edges } = begin();
    world.at(10, () => button.press(70));
    world.runUntil(200);
    expect(edges()).toEqual(["down@10", "up@80"]);
  });

  it("chatters at both flanks and rests between them", () => {
    const { world, button, edges } = begin();
    button.bounce(50, 3);
    world.runUntil(200);
    expect(edges()).toEqual(["down@0", "up@1", "down@2", "up@53", "down@54", "up@55"]);
    expect(button.isDown).toBe(false);
  });

  it("stays down when it sticks, whatever was to let it go before", () => {
    const { world, button, edges } = begin();
    button.press(50);
    world.at(20, () => button.stick());
    world.at(500, () => button.free());
    world.runUntil(1_000);
    expect(edges()).toEqual(["down@0", "up@500"]);
  });

  it("tells nothing of its edges while the line is lost", () => {
    const { world, button, inputs, edges } = begin();
    button.lose("unplugged");
    button.lose("unplugged");
    button.press(10);
    world.runUntil(20);
    button.restore();
    expect(edges()).toEqual([]);
    expect(inputs).toMatchObject([
      { type: "button.line", state: "lost", reason: "unplugged" },
      { type: "button.line", state: "ready" },
    ]);
  });

  it("floods the line at one instant, and rests as it was", () => {
    const { button, edges } = begin();
    button.storm(7);
    expect(edges()).toHaveLength(8);
    expect(button.isDown).toBe(false);
  });

  it("seems to be there for a moment each second while its line flaps, until it is there", () => {
    const { world, button, inputs } = begin();
    button.flap("loose");
    world.runUntil(2_500);
    button.restore();
    world.runUntil(10_000);
    const told = inputs.map((input) => `${input.type === "button.line" && input.state}@${input.occurredAt}`);
    expect(told).toEqual(["lost@0", "ready@1000", "lost@1015", "ready@2015", "lost@2030", "ready@2500"]);
  });
});
