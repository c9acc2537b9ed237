import { Agent, linuxPorts } from "../../../agent/compose.ts";
import { Bug } from "../../../agent/contract/errors.ts";
import { modeAfterCrashes, recordCrash } from "../../../agent/crash-record.ts";
import { readVersion } from "../../../agent/version.ts";
import { SimulatedButton } from "../../hardware/button.ts";
import { SimulatedChime } from "../../hardware/chime.ts";
import { SimulatedLight } from "../../hardware/light.ts";
import { CameraSwitch } from "../../live/camera-switch.ts";
import { liveTime } from "../../live/live-time.ts";
import { CaptureSignals } from "./capture-signals.ts";
import type { Order, Report, Troubles } from "./orders.ts";
import { punctual } from "./punctual-time.ts";
import { StagedCamera } from "./staged-camera.ts";
import { StagedClock } from "./staged-clock.ts";
import { TroubledStore } from "./troubled-store.ts";
import { unsettledIn } from "./unsettled.ts";

/**
 * The process of one doorbell on a live stage: the agent as it is, with the real camera, storage and uplink, and
 * hardware that is driven over the channel to whoever started it.
 */
function report(fact: Report): void {
  // Nobody listens any more: "disconnect" ends this process.
  process.send?.(fact, () => undefined);
}

process.on("message", (order: Order) => {
  if (order.do === "power") power(order);
});
// Whoever started it is gone: nothing of it may stay, ffmpeg neither.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

function power({ settings, clock: clockAtStart, troubles }: Extract<Order, { do: "power" }>): void {
  const { dataFolder } = settings.device;
  const warn = (message: string) => report({ what: "log", level: "warn", message });
  const ports = linuxPorts(settings, warn);
  const clock = new StagedClock(ports.clock, clockAtStart, (now) => report({ what: "clock", clock: now }));
  const fingerTime = punctual(liveTime);
  const button = new SimulatedButton(fingerTime);
  const cameraSwitch = new CameraSwitch(ports.camera, () => clock.monotonicMs());
  const camera = new StagedCamera(cameraSwitch, liveTime, (isUp) => report({ what: "camera", isUp }));
  const store = new TroubledStore(ports.store, liveTime);
  const signals = new CaptureSignals();

  const trouble = ({ disk, diskSlowMs, cameraBroken, cameraStalled, stills, buttonLost }: Troubles) => {
    store.set(disk, diskSlowMs);
    camera.stills = stills;
    camera.isBroken = cameraBroken;
    if (cameraBroken) cameraSwitch.off();
    else cameraSwitch.on();
    camera.blind(cameraStalled);
    if (cameraStalled) signals.stall();
    else signals.goOn();
    if (buttonLost) button.lose("staged: unplugged");
    else button.restore();
  };
  const obey = (order: Order) => {
    switch (order.do) {
      case "push":
        // Within one instant: between two looks at the clock it may be a millisecond later.
        fingerTime.after(0, () => {
          if (order.chatterMs > 0) button.bounce(order.holdMs, order.chatterMs);
          else button.press(order.holdMs);
        });
        return;
      case "storm":
        return button.storm(order.edges);
      case "move":
        return camera.move(order);
      case "troubles":
        return trouble(order.troubles);
      case "clock":
        return clock.set(order.set);
      case "crash":
        if (order.what === "agent") throw new Error("staged: the agent crashes");
        return signals.crash();
    }
  };
  trouble(troubles);
  process.on("message", obey);
  process.on("uncaughtException", (error) => {
    recordCrash(dataFolder, Date.now(), error);
    process.stderr.write(`this is a bug: ${error.stack ?? error}\n`, () =>
      process.exit(new Bug("").exitCode),
    );
  });
  let waits: string | null = null;
  const agent = new Agent({
    ports: {
      ...ports,
      clock,
      button,
      camera,
      store,
      light: new SimulatedLight((pattern) => report({ what: "light", pattern })),
      chime: new SimulatedChime(() => report({ what: "ring" })),
    },
    settings,
    version: readVersion(),
    mode: modeAfterCrashes(dataFolder, Date.now()),
    observe: (_input, _actions, state) => {
      const now = unsettledIn(state);
      if (now !== waits) report({ what: "unsettled", waits: now });
      waits = now;
    },
    log: ({ level, message }) => report({ what: "log", level, message }),
    ended: (exitCode, reason) => {
      signals.goOn();
      void agent.close().then(() => {
        process.send?.({ what: "ended", exitCode, reason } satisfies Report, () => process.exit(exitCode));
      });
    },
  });
  process.on("SIGTERM", () => agent.requestStop());
  agent.start();
}
