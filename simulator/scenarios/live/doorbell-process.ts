import { Agent, linuxPorts } from "../../../agent/compose.ts";
import { Bug } from "../../../agent/contract/errors.ts";
import type { Settings } from "../../../agent/contract/settings.ts";
import { modeAfterCrashes, recordCrash } from "../../../agent/crash-record.ts";
import { readVersion } from "../../../agent/version.ts";
import { SimulatedButton } from "../../hardware/button.ts";
import { SimulatedChime } from "../../hardware/chime.ts";
import { SimulatedLight } from "../../hardware/light.ts";
import { CameraSwitch } from "../../live/camera-switch.ts";
import { liveTime } from "../../live/live-time.ts";
import { CaptureSignals } from "./capture-signals.ts";
import type { ClockAtStart, Order, Report } from "./orders.ts";
import { StagedCamera } from "./staged-camera.ts";
import { StagedClock } from "./staged-clock.ts";
import { TroubledStore } from "./troubled-store.ts";

/**
 * The process of one doorbell on a live stage: the agent as it is, with the real camera, storage and uplink, and
 * hardware that is driven over the channel to whoever started it.
 */
function report(fact: Report): void {
  // Nobody listens any more: "disconnect" ends this process.
  process.send?.(fact, () => undefined);
}

process.on("message", (order: Order) => {
  if (order.do === "power") power(order.settings, order.clock);
});
// Whoever started it is gone: nothing of it may stay, ffmpeg neither.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

function power(settings: Settings, clockAtStart: ClockAtStart): void {
  const { dataFolder } = settings.device;
  const warn = (message: string) => report({ what: "log", level: "warn", message });
  const ports = linuxPorts(settings, warn);
  const clock = new StagedClock(ports.clock, clockAtStart, (now) => report({ what: "clock", clock: now }));
  const button = new SimulatedButton(liveTime);
  const cameraSwitch = new CameraSwitch(ports.camera, () => clock.monotonicMs());
  const camera = new StagedCamera(cameraSwitch, liveTime, (isUp) => report({ what: "camera", isUp }));
  const store = new TroubledStore(ports.store, liveTime);
  const signals = new CaptureSignals();

  process.on("message", (order: Order) => {
    switch (order.do) {
      case "push":
        return order.chatterMs > 0
          ? button.bounce(order.holdMs, order.chatterMs)
          : button.press(order.holdMs);
      case "move":
        return camera.move(order);
      case "disk":
        return store.set(order.fault);
      case "clock":
        return order.set === "sync" ? clock.sync() : clock.step(order.set.stepMs);
      case "camera":
        return troubleCamera(order.fault);
    }
  });

  const troubleCamera = (fault: Extract<Order, { do: "camera" }>["fault"]) => {
    switch (fault) {
      case "crash":
        return signals.crash();
      case "break":
        return cameraSwitch.off();
      case "mend":
        return cameraSwitch.on();
      case "stall":
        camera.blind(true);
        return signals.stall();
      case "go-on":
        camera.blind(false);
        return signals.goOn();
    }
  };

  process.on("uncaughtException", (error) => {
    recordCrash(dataFolder, Date.now());
    process.stderr.write(`this is a bug: ${error.stack ?? error}\n`, () => process.exit(new Bug("").exitCode));
  });
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
