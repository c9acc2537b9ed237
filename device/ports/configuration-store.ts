/** Settings by section and name, as in the file. */
export type SettingSections = Record<string, Record<string, unknown>>;

/** What came over the wire, and lies over the device's own file. */
export interface WireSettings {
  /** Of `config/desired`; 0 for none. */
  version: number;
  settings: SettingSections;
  /** Those that the owner signed. */
  ownerSettings: SettingSections;
}

/** All that is durable of the configuration from the wire. */
export interface ConfigurationRecord {
  /** What the agent runs with after its next start. */
  inForce: WireSettings;
  /** `inForce` has not been connected with yet; `before` comes back if it never is. */
  trial: {
    /** Starts with it so far. */
    starts: number;
    before: WireSettings;
  } | null;
  /** The newest version that was tried and did not hold. */
  rolledBack: { version: number; reason: string } | null;
  /** Largest counter of the owner that was ever taken up. */
  ownerCounter: number;
}

/** A setting that cannot be so, and why. */
export interface ConfigurationProblem {
  /** Such as `button.holdMs`. */
  field: string;
  reason: string;
}

/** Empty `problems`: the agent can start with it. */
export interface ConfigurationChecked {
  type: "configuration.checked";
  occurredAt: number;
  request: number;
  problems: ConfigurationProblem[];
}
/** The record is durable: it survives a power cut from now on. */
export interface ConfigurationSaved {
  type: "configuration.saved";
  occurredAt: number;
}
/** The record before it is still the one. */
export interface ConfigurationSaveFailed {
  type: "configuration.save-failed";
  occurredAt: number;
  /** One line for a person. */
  detail: string;
}

export type ConfigurationInput = ConfigurationChecked | ConfigurationSaved | ConfigurationSaveFailed;

/** Where configuration from the wire is kept. Who starts the agent reads it there. Answers in the order of the calls. */
export interface ConfigurationStore {
  start(post: (input: ConfigurationInput) => void): void;
  /** Whether these, over the device's own file, are a whole configuration. Answers `configuration.checked`. */
  check(request: number, wire: WireSettings): void;
  /** Replaces the record, whole or not at all. Answers `configuration.saved` or `configuration.save-failed`. */
  save(record: ConfigurationRecord): void;
  /** Nothing is posted any more. Resolves when everything that was asked for is done. */
  stop(): Promise<void>;
}
