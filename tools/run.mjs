// Only what Node brings: nothing is installed yet when this runs.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The world or the operator must act before set-up can go on: one clear line, exit code 1. */
export class SetUpError extends Error {}

/**
 * Runs a command to its end. With `show`, it has this terminal; without, its output is returned.
 * A signal that ends this process ends the command first.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ show?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { show = false, env = {} } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-100_000);
      });
    }
    const release = endTogether(child);
    child.on("error", (error) => {
      release();
      fail(new SetUpError(`${command} cannot be run: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      release();
      done({ code: code ?? 1, output: signal === null ? output : `${output}\nended by ${signal}` });
    });
  });
}

/**
 * Passes signals on, and lets this process die of them once the command has.
 * @param {import("node:child_process").ChildProcess} child
 */
function endTogether(child) {
  /** @type {NodeJS.Signals | null} */
  let received = null;
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    received = signal;
    // From a terminal the whole group has it already.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
    if (received !== null) process.kill(process.pid, received);
  };
}

/**
 * Whether a program can be found, also where administrators' programs are.
 * @param {string} program
 */
export function isInstalled(program) {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
