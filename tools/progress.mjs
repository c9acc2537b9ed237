/**
 * Does something that may take long and says so on stderr: a live line with the elapsed seconds on a terminal,
 * plain lines otherwise.
 * @template T
 * @param {string} label such as `npm packages: fetching`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(label, work) {
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const live = process.stderr.isTTY === true;
  const say = (/** @type {string} */ text) => process.stderr.write(live ? `\r\x1b[K${text}` : `${text}\n`);
  say(`${label} …`);
  const timer = setInterval(() => say(`${label} … ${seconds()}`), live ? 1_000 : 20_000);
  let ended = "failed after";
  try {
    const result = await work();
    ended = "done in";
    return result;
  } finally {
    clearInterval(timer);
    say(`${label}: ${ended} ${seconds()}${live ? "\n" : ""}`);
  }
}
