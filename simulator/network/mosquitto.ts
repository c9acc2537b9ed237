import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const START_WITHIN_MS = 10_000;

/** No mosquitto may outlive the process that started it, however that ends. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** The version of the mosquitto on PATH (mosquitto(8)); null when there is none. */
export async function mosquittoVersion(): Promise<string | null> {
  // It has no option for its version: its help, which ends with an exit code of 3, begins with it.
  const help = await promisify(execFile)("mosquitto", ["-h"]).catch((error: { stdout?: string }) => error);
  return /^mosquitto version (\S+)/.exec(help.stdout ?? "")?.[1] ?? null;
}

/**
 * A mosquitto of our own on a free port of the loopback interface, which keeps retained messages and sessions on its
 * disk: as soon as one changes, so that they outlive `kill`.
 */
export class Mosquitto {
  readonly #folder: string;
  readonly #configFile: string;
  readonly port: number;
  #child: ChildProcess | null = null;

  private constructor(folder: string, configFile: string, port: number) {
    this.#folder = folder;
    this.#configFile = configFile;
    this.port = port;
  }

  /** Accepts connections when it resolves. @throws Error with what mosquitto said. */
  static async start(): Promise<Mosquitto> {
    const folder = await mkdtemp(join(tmpdir(), "porchlight-mosquitto-"));
    const port = await freePort();
    const configFile = join(folder, "mosquitto.conf");
    const lines = [
      ...[`listener ${port} 127.0.0.1`, "allow_anonymous true", "log_type error", "log_type warning"],
      ...["persistence true", `persistence_location ${folder}/`],
      ...["autosave_on_changes true", "autosave_interval 1"],
      ...["max_queued_messages 0"],
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    await writeFile(configFile, `${lines.join("\n")}\n`);
    const mosquitto = new Mosquitto(folder, configFile, port);
    try {
      await mosquitto.restart();
    } catch (error) {
      await mosquitto.stop();
      throw error;
    }
    return mosquitto;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Ends the process at once (SIGKILL). */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Starts it again on its port. Without effect while it runs. */
  async restart(): Promise<void> {
    this.#child ??= await launchMosquitto(this.#configFile, this.port);
  }

  /** Loses what is on its disk. To be called while it does not run. */
  async forget(): Promise<void> {
    await rm(join(this.#folder, "mosquitto.db"), { force: true });
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }
}

/** Starts mosquitto, and resolves once it accepts connections. @throws Error with what it said when it does not. */
export async function launchMosquitto(
  configFile: string,
  port: number,
  environment: Record<string, string> = {},
): Promise<ChildProcess> {
  const child = spawn("mosquitto", ["-c", configFile], {
    // A group of its own: Ctrl-C at the terminal is for whoever started it.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.once("error", (error) => {
    said += error.message;
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stderr.on("data", (bytes) => {
    said += bytes;
  });
  const deadline = performance.now() + START_WITHIN_MS;
  while (!(await accepts(port))) {
    if (child.pid === undefined || child.exitCode !== null || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`mosquitto did not start on port ${port}: ${said.trim()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return child;
}

/** Something listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A port of the loopback interface on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
