import type { Output } from "./command.ts";

/** Results on stdout; how far it is on the last line of a terminal, if stderr is one. */
export function terminalOutput(): Output & { end(): void } {
  const live = process.stderr.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write("\r\u001b[K");
    shown = false;
  };
  return {
    print(line) {
      clear();
      process.stdout.write(`${line}\n`);
    },
    progress: live
      ? (line) => {
          process.stderr.write(`\r\u001b[K${line}`);
          shown = true;
        }
      : null,
    end: clear,
  };
}
