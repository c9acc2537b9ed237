/**
 * Failures that end a program, named by who must act. Each message is one clear line for that person and holds no
 * secret; `exitCode` is what the program's process ends with.
 */
export abstract class PorchlightError extends Error {
  abstract readonly exitCode: 1 | 2 | 70;
  override get name(): string {
    return this.constructor.name;
  }
}

/** The operator must act: a configuration is refused. `problems` has one line each, the message has them all. */
export class ConfigurationError extends PorchlightError {
  readonly exitCode = 2;
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

/** The caller must act: a command line, or a call of the library, asks for what cannot be. */
export class UsageError extends PorchlightError {
  readonly exitCode = 2;
}

/** Nobody was wrong: the world (a disk, a network, another process) did not do what was asked of it. */
export class WorldError extends PorchlightError {
  readonly exitCode = 1;
}

/** We must act: the program is in a state that it should never reach. 70 is `EX_SOFTWARE` of sysexits.h. */
export class Bug extends PorchlightError {
  readonly exitCode = 70;
}
