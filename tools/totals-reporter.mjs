/**
 * Ends a run of vitest with one plain line, `N passed, N failed`, with `, N skipped` where there are any. In CI a
 * skipped test is a failure: what is not run protects nothing.
 * @implements {Reporter}
 * @typedef {import("vitest/reporters").Reporter} Reporter
 */
export default class TotalsReporter {
  /** @type {NonNullable<Reporter["onTestRunEnd"]>} */
  onTestRunEnd(modules, unhandledErrors) {
    const { passed, failed, skipped } = totals(modules, unhandledErrors.length);
    if (skipped > 0 && process.env.CI) {
      process.stderr.write(`In CI a skipped test is a failure, and ${skipped} did not run.\n`);
      process.exitCode = 1;
    }
    process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  }
}

/**
 * A file that could not be loaded, and an error outside every test, count as failed tests.
 * @param {Parameters<NonNullable<Reporter["onTestRunEnd"]>>[0]} modules
 * @param {number} unhandled
 */
function totals(modules, unhandled) {
  const count = { passed: 0, failed: unhandled, skipped: 0 };
  for (const module of modules) {
    const before = count.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      count[state === "pending" ? "skipped" : state] += 1;
    }
    if (module.state() === "failed" && count.failed === before) count.failed += 1;
  }
  return count;
}
