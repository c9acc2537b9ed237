import type { Settings } from "../contract/settings.ts";
import { type ButtonState, newButton } from "./button.ts";
import { type CameraState, newCamera } from "./camera.ts";
import { type CommandsState, newCommands } from "./commands-state.ts";
import { type ConfigurationState, newConfiguration } from "./configuration.ts";
import { type DeliveryState, newDelivery } from "./delivery.ts";
import { type EvictionState, newEviction } from "./eviction.ts";
import { type HomeAssistantState, newHomeAssistant } from "./home-assistant.ts";
import { withoutSecrets } from "./known-settings.ts";
import { type LifecycleState, newLifecycle } from "./lifecycle.ts";
import { type MotionState, newMotion } from "./motion.ts";
import { newOutbox, type OutboxState } from "./outbox.ts";
import { newPacing, type PacingState } from "./pacing.ts";
import { newRecorder, type RecorderState } from "./recorder.ts";
import { newTime, type TimeState } from "./time.ts";
import type { TimersState } from "./timers.ts";
import { newUplink, type UplinkState } from "./uplink.ts";
import { newUploads, type UploadsState } from "./uploads.ts";

/**
 * Everything the core knows: plain data that `structuredClone` copies whole, one slice a machine.
 * It stays small: outbox rows and clips' segments are paged from their stores.
 */
export interface State {
  /** Without secrets: `known-settings.ts`. */
  settings: Settings;
  lifecycle: LifecycleState;
  time: TimeState;
  timers: TimersState;
  counters: Record<string, number>;
  button: ButtonState;
  camera: CameraState;
  recorder: RecorderState;
  motion: MotionState;
  outbox: OutboxState;
  eviction: EvictionState;
  uplink: UplinkState;
  delivery: DeliveryState;
  pacing: PacingState;
  uploads: UploadsState;
  homeAssistant: HomeAssistantState;
  commands: CommandsState;
  configuration: ConfigurationState;
}

/** The state before the first input, which must be `agent.started`. It holds no secret of the settings. */
export function initialState(settings: Settings): State {
  return {
    settings: withoutSecrets(settings),
    lifecycle: newLifecycle(),
    time: newTime(),
    timers: {},
    counters: {},
    button: newButton(),
    camera: newCamera(),
    recorder: newRecorder(),
    motion: newMotion(),
    outbox: newOutbox(),
    eviction: newEviction(),
    uplink: newUplink(),
    delivery: newDelivery(),
    pacing: newPacing(),
    uploads: newUploads(),
    homeAssistant: newHomeAssistant(),
    commands: newCommands(),
    configuration: newConfiguration(),
  };
}
