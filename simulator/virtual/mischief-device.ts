import type { StoreFault } from "../../device/ports/store.ts";
import { hold } from "./hold.ts";
import type { Trouble } from "./mischief.ts";
import type { Scene } from "./scene.ts";

/** A service manager starts a process again so soon. */
const RESTART_MS = 2_000;
/** A kernel that is short of memory may take the capture as well as the agent. */
const TAKES_THE_AGENT = 400;

/** What goes wrong on the card; answers how it ends. */
export function beginOnDisk(scene: Scene, { kind, dose }: Trouble): () => void {
  const { disk, spool } = scene.doorbell;
  const fault = kind.slice(kind.indexOf(".") + 1) as StoreFault;
  switch (kind) {
    case "disk.slow":
      return hold(disk, "slowness", 50 + (dose >> 3));
    case "disk.corrupt":
      disk.corrupt();
      // Somebody sees that nothing is kept any more, and starts it again: only a start mends it.
      return () => stopAndStart(scene);
    case "spool.full":
    case "spool.io":
    case "spool.corrupt":
      spool.freeBytes = 0;
      return hold(spool, "fault", fault);
    default:
      disk.freeBytes = 0;
      return hold(disk, "fault", fault);
  }
}

/** What goes wrong with power, process, camera, button and clock; answers how it ends. */
export function beginAtDevice(scene: Scene, trouble: Trouble): () => void {
  const [target] = trouble.kind.split(".");
  if (target === "camera") return beginAtCamera(scene, trouble);
  if (target === "button") return beginAtButton(scene, trouble);
  if (target === "clock") return beginAtClock(scene, trouble);
  return beginWithPower(scene, trouble);
}

function beginWithPower(scene: Scene, { kind, dose }: Trouble): () => void {
  const { world, doorbell } = scene;
  const strikes = scene.ledger.strikes;
  switch (kind) {
    case "power.cut":
      if (doorbell.powerOn) strikes.felt(kind);
      doorbell.cutPower();
      return () => doorbell.start();
    case "power.cut-at-commit":
    case "power.torn": {
      // Exactly between two operations of the store: the first, the second … after this.
      let commits = 1 + (dose % 6);
      const release = hold(doorbell.disk, "onCommit", () => {
        commits -= 1;
        if (commits > 0 || !doorbell.powerOn) return;
        release();
        if (kind === "power.torn") doorbell.disk.corrupt();
        else strikes.felt(kind);
        doorbell.cutPower();
      });
      return () => {
        release();
        doorbell.start();
      };
    }
    case "agent.restart":
      if (doorbell.powerOn) strikes.felt(kind);
      doorbell.requestStop();
      return () => world.after(5_000, () => doorbell.start());
    case "agent.crash":
      return repeatedly(scene, 3_000 + dose * 15, 1 + (dose % 5), () => {
        if (doorbell.powerOn) strikes.felt(kind);
        doorbell.endProcess("crash");
        world.after(RESTART_MS, () => doorbell.start());
      });
    default:
      return repeatedly(scene, 5_000 + dose * 40, 20, (time) => {
        if (!doorbell.powerOn) return;
        strikes.felt("memory.pressure");
        if ((dose * 7 + time * 311) % 1_000 > TAKES_THE_AGENT) {
          doorbell.camera?.fail("simulated: the kernel was short of memory and took the capture");
          return;
        }
        doorbell.endProcess("killed");
        world.after(RESTART_MS, () => doorbell.start());
      });
  }
}

/** At once and then every so often, until it is over or has been done so often. */
function repeatedly(
  { world }: Scene,
  everyMs: number,
  times: number,
  run: (time: number) => void,
): () => void {
  let done = 0;
  let isOver = false;
  const again = () => {
    if (isOver || done === times) return;
    run(done);
    done += 1;
    world.after(everyMs, again);
  };
  again();
  return () => {
    isOver = true;
  };
}

function stopAndStart({ world, doorbell }: Scene): void {
  doorbell.requestStop();
  world.after(10_000, () => doorbell.start());
}

function beginAtCamera({ doorbell }: Scene, { kind, dose }: Trouble): () => void {
  const { cameraCondition, camera } = doorbell;
  switch (kind) {
    case "camera.crash":
      camera?.fail("simulated: the capture crashed");
      return () => undefined;
    case "camera.broken": {
      const release = hold(cameraCondition, "broken", true);
      camera?.fail("simulated: the capture crashed and will not start");
      return release;
    }
    case "camera.stall": {
      const release = hold(cameraCondition, "stalled", true);
      camera?.stall();
      return release;
    }
    case "camera.garbage": {
      const release = hold(cameraCondition, "garbled", true);
      camera?.fail("simulated: what the capture sends is no video");
      return release;
    }
    case "camera.no-keyframe":
      return hold(cameraCondition, "keyframeless", true);
    case "camera.no-still":
      return hold(cameraCondition, "stills", (["failed", "late", "never"] as const)[dose % 3] ?? "failed");
    default: {
      const releases = [hold(cameraCondition, "widthPx", 640), hold(cameraCondition, "heightPx", 480)];
      camera?.changePictures();
      return () => {
        for (const release of releases) release();
        doorbell.camera?.changePictures();
      };
    }
  }
}

function beginAtButton(scene: Scene, { kind, dose }: Trouble): () => void {
  const { world, doorbell, ledger } = scene;
  const trouble = { fromMs: world.nowMs, toMs: null as number | null, lost: kind === "button.line-lost" };
  ledger.buttonTroubles.push(trouble);
  const end = () => {
    trouble.toMs = world.nowMs;
  };
  if (kind === "button.storm") {
    const everyMs = 1 + (dose % 50);
    const stop = repeatedly(scene, everyMs, 12, () => doorbell.button?.storm(40 + (dose >> 2)));
    return () => {
      stop();
      end();
    };
  }
  const release = hold(doorbell, "buttonUnplugged", true);
  return () => {
    release();
    end();
  };
}

function beginAtClock({ world, doorbell, ledger }: Scene, { kind, dose }: Trouble): () => void {
  const { clock } = doorbell;
  const byMs = (dose - 500) * 7_200;
  if (kind === "clock.step") {
    clock?.step(byMs);
    world.after(60_000, () => {
      if (doorbell.clock === clock) doorbell.syncClock();
    });
    return () => undefined;
  }
  const lie = { fromMs: world.nowMs, toMs: null as number | null };
  ledger.lies.push(lie);
  const release = hold(doorbell, "timeServerErrorMs", byMs);
  doorbell.syncClock();
  return () => {
    release();
    doorbell.syncClock();
    lie.toMs = world.nowMs;
  };
}
